#include "runs/act_run.h"

#include <genbid.h>

#include <initializer_list>
#include <istream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 16;  // of a line

// Puts `by` in the place of every `what`.
void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

void require_ok(genbid_status status) {
  if (status != GENBID_OK) throw Error(genbid_last_error());
}

// The same for a call for a campaign. The library names its own functions, and the id that it gave.
void require_ok(genbid_status status, const std::string& campaign, uint64_t id) {
  if (status == GENBID_OK) return;
  std::string message = genbid_last_error();
  replace_all(message, "genbid_campaign", "open");
  replace_all(message, "genbid_push()", "an outcome");
  replace_all(message, "genbid_act()", "a start");
  const std::string by_id = "campaign " + std::to_string(id);
  if (message.starts_with(by_id)) message.erase(0, by_id.size() + std::string_view(": ").size());
  throw Error("campaign " + shown(campaign) + ": " + message);
}

// An object of a line, whose every key is known.
class Part {
 public:
  Part(const Json& json, std::string name, std::initializer_list<std::string_view> keys)
      : json_(json), name_(std::move(name)) {
    if (!json.is_object()) throw Error(name_ + ": found " + shown(json.dump()) + ", expected an object");
    for (const auto& [key, value] : json.items()) {
      bool known = false;
      for (const std::string_view one : keys) known = known || key == one;
      if (known) continue;
      std::vector<std::string> expected(keys.begin(), keys.end());
      throw Error(name_ + ": found key '" + shown(key) + "', expected " + listed(expected));
    }
  }

  bool has(const char* key) const { return json_.contains(key); }
  const Json& at(const char* key) const { return json_[key]; }
  bool truth(const char* key) const {
    if (!has(key)) return false;
    if (!at(key).is_boolean()) wrong(key, "true or false");
    return at(key).get<bool>();
  }
  void number(const char* key, double& value) const {
    if (!has(key)) return;
    if (!at(key).is_number()) wrong(key, "a number");
    value = at(key).get<double>();
  }
  template <typename T>
  void whole(const char* key, T& value) const {
    if (!has(key)) return;
    if (!at(key).is_number_integer() || !fits<T>(at(key))) wrong(key, whole_text<T>());
    value = at(key).get<T>();
  }
  void require(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
      if (!has(key)) throw Error(name_ + ": found no key '" + key + "', expected one");
    }
  }

 private:
  template <typename T>
  static bool fits(const Json& value) {
    if (value.is_number_unsigned())
      return value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<T>::max());
    const auto number = value.get<int64_t>();
    return std::is_signed_v<T> && number >= static_cast<int64_t>(std::numeric_limits<T>::min());
  }
  template <typename T>
  static std::string whole_text() {
    return "a whole number in [" + std::to_string(std::numeric_limits<T>::min()) + ", " +
           std::to_string(std::numeric_limits<T>::max()) + "]";
  }
  [[noreturn]] void wrong(const char* key, const std::string& expected) const {
    throw Error(name_ + ": key '" + key + "': found " + shown(at(key).dump()) + ", expected " + expected);
  }

  const Json& json_;
  std::string name_;
};

Json parsed(const std::string& line) {
  std::vector<std::set<std::string>> keys(kMostDepth + 2);  // of the objects that the parser is in
  const auto checked = [&keys](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMostDepth)
      throw Error("found JSON nested deeper than " + std::to_string(kMostDepth) + ", expected less");
    const auto place = to_size(depth);
    if (event == Json::parse_event_t::object_start) keys[place + 1].clear();
    if (event == Json::parse_event_t::key && !keys[place].insert(parsed.get<std::string>()).second) {
      throw Error("found key '" + shown(parsed.get<std::string>()) + "' twice, expected it once");
    }
    return true;
  };
  try {
    return Json::parse(line, checked);
  } catch (const Json::out_of_range& fault) {  // "... number overflow parsing '1e999'"
    const std::string what = fault.what();
    const size_t quote = what.find('\'');
    throw Error("found " + (quote == std::string::npos ? "a number too large" : shown(what.substr(quote))) +
                ", expected numbers up to " + shortest(std::numeric_limits<double>::max()));
  } catch (const Json::exception& /*fault*/) {
    throw Error("found " + shown(line) + ", expected an object of JSON");
  }
}

class Actor {
 public:
  Actor(const std::string& path, int64_t max_campaigns) {
    genbid_bundle* bundle = nullptr;
    require_ok(genbid_bundle_load(path.c_str(), &bundle));
    bundle_.reset(bundle);
    genbid_bundle_info info = GENBID_BUNDLE_INFO_INIT;
    require_ok(genbid_bundle_describe(bundle, &info));
    coefficients_.resize(to_size(info.num_coefficients));
    genbid_session* session = nullptr;
    require_ok(genbid_session_open(bundle, max_campaigns, &session));
    session_.reset(session);
  }

  // What goes out; empty: nothing.
  std::string take(const std::string& line) {
    const Json json = parsed(line);
    const Part whole(json, "the line", {"campaign", "open", "outcome", "start", "close"});
    whole.require({"campaign"});
    const Json& name = whole.at("campaign");
    if (!name.is_string() && !name.is_number_integer()) {
      throw Error("key 'campaign': found " + shown(name.dump()) + ", expected a text or a whole number");
    }
    const std::string campaign = name.dump();
    if (whole.has("open")) open(campaign, whole.at("open"));
    const auto known = ids_.find(campaign);
    if (known == ids_.end()) {
      throw Error("campaign " + shown(campaign) +
                  ": found one that is not open, expected it opened by this line or before");
    }
    if (whole.has("outcome")) push(campaign, known->second, whole.at("outcome"));
    std::string answer;
    if (whole.has("start")) answer = act(name, known->second, whole.at("start"));
    if (whole.truth("close")) {
      require_ok(genbid_campaign_close(session_.get(), known->second), campaign, known->second);
      ids_.erase(known);
    }
    return answer;
  }

 private:
  void open(const std::string& name, const Json& json) {
    if (ids_.contains(name)) throw Error("campaign " + shown(name) + ": found it open, expected a new one");
    const Part part(json, "open",
                    {"budget", "cpa_limit", "category", "ticks", "wishes", "noise_seed", "noise_period", "noise_seat"});
    part.require({"budget", "cpa_limit"});
    genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
    part.number("budget", campaign.budget);
    part.number("cpa_limit", campaign.cpa_limit);
    part.whole("category", campaign.category);
    part.whole("ticks", campaign.ticks);
    part.whole("noise_seed", campaign.noise_seed);
    part.whole("noise_period", campaign.noise_period);
    part.whole("noise_seat", campaign.noise_seat);
    std::vector<genbid_wish> wishes;
    if (part.has("wishes")) {
      const Json& asked = part.at("wishes");
      if (!asked.is_object()) throw Error("open: key 'wishes': found " + shown(asked.dump()) + ", expected an object");
      for (const auto& [wish, value] : asked.items()) {
        if (!value.is_number())
          throw Error("wish '" + shown(wish) + "': found " + shown(value.dump()) + ", expected a number");
        wishes.push_back({wish.c_str(), value.get<double>()});
      }
    }
    campaign.wishes = wishes.data();
    campaign.num_wishes = wishes.size();
    uint64_t id = 0;
    require_ok(genbid_campaign_open(session_.get(), &campaign, &id), name, id);
    ids_[name] = id;
  }

  void push(const std::string& name, uint64_t id, const Json& json) {
    const Part part(json, "outcome",
                    {"tick", "sum_pvalue", "sum_bid", "mean_least_winning_cost", "num_wins", "num_exposed",
                     "num_conversions", "sum_pvalue_exposed", "cost"});
    part.require({"tick"});
    genbid_tick_outcome outcome = GENBID_TICK_OUTCOME_INIT;
    part.whole("tick", outcome.tick);
    part.number("sum_pvalue", outcome.sum_pvalue);
    part.number("sum_bid", outcome.sum_bid);
    part.number("mean_least_winning_cost", outcome.mean_least_winning_cost);
    part.whole("num_wins", outcome.num_wins);
    part.whole("num_exposed", outcome.num_exposed);
    part.whole("num_conversions", outcome.num_conversions);
    part.number("sum_pvalue_exposed", outcome.sum_pvalue_exposed);
    part.number("cost", outcome.cost);
    require_ok(genbid_push(session_.get(), 1, &id, &outcome), name, id);
  }

  std::string act(const Json& name, uint64_t id, const Json& json) {
    const Part part(json, "start", {"tick", "num_impressions", "mean_pvalue", "remaining_budget"});
    part.require({"tick", "num_impressions", "mean_pvalue"});
    genbid_tick_start start = GENBID_TICK_START_INIT;
    part.whole("tick", start.tick);
    part.whole("num_impressions", start.num_impressions);
    part.number("mean_pvalue", start.mean_pvalue);
    part.number("remaining_budget", start.remaining_budget);
    if (json.contains("remaining_budget") && start.remaining_budget < 0.0) {
      throw Error("start: remaining_budget: found " + json["remaining_budget"].dump() + ", expected 0 or more");
    }
    require_ok(genbid_act(session_.get(), 1, &id, &start, coefficients_.data(), coefficients_.size()), name.dump(), id);
    return Json{{"campaign", name}, {"tick", start.tick}, {"coefficients", coefficients_}}.dump() + "\n";
  }

  struct Free {
    void operator()(genbid_bundle* bundle) const { genbid_bundle_free(bundle); }
    void operator()(genbid_session* session) const { genbid_session_close(session); }
  };
  std::unique_ptr<genbid_bundle, Free> bundle_;
  std::unique_ptr<genbid_session, Free> session_;
  std::vector<double> coefficients_;
  std::map<std::string, uint64_t> ids_;
};

}  // namespace

void act_by_lines(const std::string& bundle, int64_t max_campaigns, std::istream& in, std::ostream& out) {
  Actor actor(bundle, max_campaigns);
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      out << actor.take(line) << std::flush;
    } catch (const Error& error) {
      throw Error("standard input, line " + std::to_string(number) + ": " + error.what());
    }
  }
}

}  // namespace genbid::runs
