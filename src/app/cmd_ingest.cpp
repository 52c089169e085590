#include <cstdio>
#include <string>

#include "app/command.h"
#include "app/either_market.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "runs/ingest_run.h"

namespace genbid::app {
namespace {

using Config = EitherMarket<runs::IngestRunConfig, data::CampaignIngestConfig, /*kAlwaysPrinted=*/true>;

std::string resolve(const ConfigFile& file) { return print_config(read_config<Config>(file), "ingest"); }

int run(const ConfigFile& file, Form form) {
  const Config config = read_config<Config>(file);
  const auto report = config.of_campaigns() ? runs::ingest_campaigns(config.campaigns) : runs::ingest(config.market);
  if (!report) {
    log_warning("Stopped by a signal. What was to be written is whole or not there.");
    return stop_signal::exit_status();
  }
  std::fputs((form == Form::kJson ? report->json : report->text).c_str(), stdout);
  return 0;
}

}  // namespace

Command ingest_command() {
  return {
      "ingest", "read logs into a trajectory store, a market log, a tape",
      "Reads AuctionNet's trajectory files or its raw traffic logs (CSV, also in gzip or zip; their headers tell "
      "which\n"
      "they are), checks them, and writes a trajectory store to train from and, of raw logs, a market log to replay\n"
      "from (HDF5). Of market logs it makes response tapes to learn in the market from. The files, their formats and "
      "the stores: data/README.md.\n"
      "\n"
      "  genbid ingest configs/ingest.yaml input=trajectory_data.csv output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input='[part-1.csv, part-2.csv]' output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input=period-7.csv output=trajectories.h5 output_market_log=market.h5\n"
      "  genbid ingest configs/ingest.yaml input=market.h5 output= output_tape=tape.h5\n"
      "\n"
      "input                 one file or a list, in any order, all of one kind\n"
      "output                the trajectory store; it is there whole or not at all; `output=` for none (of raw and "
      "market logs)\n"
      "                      outputs replace files of their own kind and no others\n"
      "output_market_log     the market log of raw logs; none by default\n"
      "labels                true: the store of raw logs has the best alphas in hindsight, made from the market log,\n"
      "                      for data.labels of a training\n"
      "output_tape           a response tape of market logs (input=market.h5, output=), or of raw logs beside\n"
      "                      output_market_log, for genbid train with train.objective: market; none by default\n"
      "tape.prices           bids: by the four highest bids of the log, with AuctionNet's slots, exposures and\n"
      "                      reserve; logged: one slot, at the least winning cost; auto (default): bids where all\n"
      "                      logs have them\n"
      "tape.budget, tape.cpa  of every seat and day; 0 (default): what the log says\n"
      "output_online_lp_table  OnlineLP's table of the raw log of one period, as AuctionNet's training makes it "
      "(CSV);\n"
      "                      for the bidder {bidder: online_lp, table: FILE}; alone (output=), none by default\n"
      "features              state features to store: constraint (default) or auctionnet16\n"
      "data.columns.X        what the files call AuctionNet's column X\n"
      "data.bad_rows         stop (default) at the first fault, or skip trajectories at fault (trajectory files)\n"
      "data.ticks            ticks of a period; 0 (default): as many as the files tell\n"
      "market_log.precision  float32 (default), or float64, which exact replays of AuctionNet's protocol need\n"
      "threads               0 (default): one a processor\n"
      "\n"
      "With protocol: campaigns, logs of campaigns that pay by the click, of one's own or of others: CSV with columns\n"
      "campaign, day, slot, value, ctr, price, an impression a row, campaigns together and their days and slots in\n"
      "order. The last day of each campaign is its sample; the store is that of simulate's output.days.\n"
      "\n"
      "  genbid ingest configs/ingest_campaigns.yaml input=log.csv campaigns=campaigns.csv output=campaign_days.h5\n"
      "\n"
      "input                 one file or a list, read one behind the other\n"
      "campaigns             CSV with columns campaign, budget, ppc and, if there is one, set (train, validation, "
      "test)\n"
      "slots                 of a day (96)\n"
      "days_before           kept of each campaign, where the log has so many (1)\n"
      "validation_share, test_share  of campaigns, by a hash of their numbers, where there is no column set (0.16, "
      "0.12)\n",
      run, resolve};
}

}  // namespace genbid::app
