#include "config/alerts_conf.h"

#include <unistd.h>

#include <algorithm>

#include "config/values.h"

namespace cluster::config {

namespace {

constexpr size_t kMaxAddressBytes = 254;  // RFC 5321
constexpr const char* kAll = "all";

// What may stand in a To header by itself, and is no option of a mailer. Without a domain it is a user of this machine.
bool is_mail_address(const std::string& text) {
  const auto sound = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f && std::string("\"(),:;<>[\\]").find(c) == std::string::npos;
  };
  const size_t at = text.find('@');
  return !text.empty() && text.size() <= kMaxAddressBytes && text.front() != '-' && at != 0 &&
         (at == std::string::npos ||
          (at + 1 < text.size() && text.find('@', at + 1) == std::string::npos)) &&
         std::all_of(text.begin(), text.end(), sound);
}

std::vector<std::string> mail_addresses(const ConfValues& conf, const std::string& key,
                                        Report& report) {
  std::vector<std::string> out;
  const ConfValues::Value* value = conf.find(key);
  if (value == nullptr) return out;
  if (value->texts.empty() || value->texts.size() > kMaxAddressees)
    report.fault(conf.file(), value->line,
                 key + " names " + std::to_string(value->texts.size()) + " addresses",
                 "from 1 to " + std::to_string(kMaxAddressees) + ", or no such key");
  for (const std::string& text : value->texts) {
    if (!is_mail_address(text))
      report.fault(conf.file(), value->line, key + " names " + in_quotes(text),
                   "an address of mail, such as admin@example.com or root");
    else if (std::find(out.begin(), out.end(), text) != out.end())
      report.fault(conf.file(), value->line, key + " names " + in_quotes(text) + " twice",
                   "each address once");
    else
      out.push_back(text);
  }
  return out;
}

}  // namespace

AlertsConf read_alerts(const ConfValues& conf, Report& report) {
  AlertsConf out;
  out.email = mail_addresses(conf, "email", report);
  out.text_alerts = mail_addresses(conf, "text_alerts", report);
  out.sendmail = conf.path("sendmail", report).value_or(out.sendmail);
  out.timeout = conf.time("alert_timeout", report).value_or(out.timeout);
  const bool mails = !out.email.empty() || !out.text_alerts.empty();
  if (mails && access(out.sendmail.c_str(), X_OK) != 0) {
    const char* key = conf.find("sendmail") != nullptr ? "sendmail"
                      : out.email.empty()              ? "text_alerts"
                                                       : "email";
    report.warn(conf.file(), conf.line_of(key),
                "alerts are to be mailed, and " + in_quotes(out.sendmail) +
                    " cannot be executed; expected a program that takes mail as sendmail -t does "
                    "(a package that provides mail-transport-agent has one)");
  }
  const ConfValues::Value* monitor = conf.find("monitor");
  if (monitor == nullptr) return out;
  out.monitor_line = monitor->line;
  if (monitor->texts.empty())
    report.fault(conf.file(), monitor->line, "monitor is an empty list",
                 "at least one host, or all");
  if (monitor->texts != std::vector<std::string>{kAll}) out.monitor = monitor->texts;
  return out;
}

std::optional<std::vector<HostId>> monitored(const AlertsConf& alerts, const std::string& path,
                                             const Hosts& hosts, Report& report) {
  if (alerts.monitor.empty()) return std::nullopt;
  std::vector<HostId> out;
  for (const std::string& word : alerts.monitor) {
    const auto host = hosts.named_by(word);
    if (!host)
      report.fault(path, alerts.monitor_line,
                   "monitor names " + in_quotes(word) + ", which is not in hosts",
                   "all, or some of " + hosts.candidates());
    else if (std::find(out.begin(), out.end(), *host) != out.end())
      report.fault(path, alerts.monitor_line,
                   "monitor names " + in_quotes(word) + ", which is host " +
                       std::to_string(host->value) + " again",
                   "each host once");
    else
      out.push_back(*host);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace cluster::config
