#include "base/config/config_paths.h"

#include <optional>
#include <vector>

namespace genbid {
namespace {

class PathVisitor : public ConfigVisitor {
 public:
  explicit PathVisitor(const PathFound& found) : found_(found) {}

  void field(std::string_view /*key*/, bool& /*value*/) override {}
  void field(std::string_view /*key*/, int64_t& /*value*/, IntRange /*range*/) override {}
  void field(std::string_view /*key*/, double& /*value*/, RealRange /*range*/) override {}
  void field(std::string_view /*key*/, std::string& /*value*/) override {}
  void field(std::string_view /*key*/, std::string& /*value*/, const std::vector<std::string>& /*choices*/) override {}
  void field(std::string_view /*key*/, std::vector<std::string>& /*value*/) override {}
  void field(std::string_view /*key*/, std::vector<double>& /*value*/, RealRange /*range*/) override {}
  void field(std::string_view /*key*/, PeriodList& /*value*/, std::string_view /*one*/) override {}
  void field(std::string_view /*key*/, RealInterval& /*value*/, RealRange /*range*/) override {}
  void field(std::string_view /*key*/, std::optional<double>& /*value*/, RealRange /*range*/) override {}
  void path(std::string_view key, std::string& value, bool /*may_be_empty*/) override { found_(inner(key), value); }
  void path(std::string_view key, std::vector<std::string>& value) override {
    for (size_t i = 0; i < value.size(); ++i) found_(inner(key) + "[" + std::to_string(i) + "]", value[i]);
  }
  void check(bool /*good*/, std::string_view /*key*/, std::string_view /*expected*/) override {}

 protected:
  void require(std::string_view /*key*/) override {}
  void begin_section(std::string_view key) override { open_.push_back(inner(key)); }
  void end_section() override { open_.pop_back(); }
  int64_t begin_list(std::string_view key, std::string_view /*scalar_key*/) override {
    open_.push_back(inner(key));
    return kKeep;
  }
  void begin_item(int64_t index) override { open_.push_back(open_.back() + "[" + std::to_string(index) + "]"); }
  void end_item() override { open_.pop_back(); }
  void end_list() override { open_.pop_back(); }

 private:
  std::string inner(std::string_view key) const { return (open_.empty() ? "" : open_.back() + ".") + std::string(key); }

  PathFound found_;
  std::vector<std::string> open_;  // keys of the sections, lists and items around
};

}  // namespace

std::unique_ptr<ConfigVisitor> make_path_visitor(const PathFound& found) {
  return std::make_unique<PathVisitor>(found);
}

}  // namespace genbid
