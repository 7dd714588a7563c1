// The text format of metrics that Prometheus and others scrape: OpenMetrics 1.0,
// https://prometheus.io/docs/specs/om/open_metrics_spec/
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::http {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class OpenMetrics {
 public:
  static constexpr char kContentType[] =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  // A family, whose samples follow at once. `type`: "gauge", "counter", "summary", "stateset" or "info"; `unit`: "", or
  // what the name ends with ("seconds", "bytes").
  void family(std::string_view name, std::string_view type, std::string_view unit,
              std::string_view help);
  // Of the family: "_total" of a counter, "_info" of an info, "_sum" and "_count" of a summary, else "".
  void sample(std::string_view suffix, const Labels& labels, double value);
  void sample(std::string_view suffix, const Labels& labels, uint64_t value);
  // One sample of a stateset for each of `states`, 1 for the one that is.
  void state(const Labels& labels, const std::vector<std::string_view>& states,
             std::string_view is);

  std::string text() &&;

 private:
  void begin(std::string_view suffix, const Labels& labels);

  std::string family_, out_;
};

}  // namespace cluster::http
