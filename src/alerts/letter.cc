#include "alerts/letter.h"

#include <time.h>

namespace cluster::alerts {

namespace {

// Headers are ASCII, and so is what a phone takes 160 of: any other character is one question mark.
std::string ascii(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      out += c;
    else if ((byte & 0xc0) != 0x80)
      out += '?';
  }
  return out;
}

std::string to_header(const std::vector<std::string>& to) {
  std::string out = "To: ";
  for (size_t i = 0; i < to.size(); ++i) out += (i == 0 ? "" : ",\n ") + to[i];
  return out + "\n";
}

}  // namespace

std::string utc(WallTime time) {
  const time_t at =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  tm parts{};
  gmtime_r(&at, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string short_line(const core::SendAlert& alert) {
  return ascii(alert.text).substr(0, kShortCharacters);
}

std::string letter(const core::SendAlert& alert, const Teller& teller,
                   const std::vector<std::string>& to, WallTime now) {
  const std::string severity = core::to_string(alert.severity);
  return to_header(to) + "Subject: [cluster] " + severity + ": " + short_line(alert) +
         "\n"
         "Auto-Submitted: auto-generated\n"
         "MIME-Version: 1.0\n"
         "Content-Type: text/plain; charset=utf-8\n"
         "Content-Transfer-Encoding: 8bit\n"
         "\n" +
         alert.text + "\n\n" +  //
         "severity  " + severity + "\n" + "kind      " + alert.kind + "\n" + "subject   " +
         alert.subject + "\n" + "time      " + utc(now) + "\n" + "sent by   host " +
         std::to_string(teller.host.value) + " (" + teller.name + ")\n";
}

std::string short_letter(const core::SendAlert& alert, const std::vector<std::string>& to) {
  return to_header(to) + "Auto-Submitted: auto-generated\n\n" + short_line(alert) + "\n";
}

std::vector<std::pair<std::string, std::string>> environment(const core::SendAlert& alert,
                                                             const Teller& teller, WallTime now) {
  return {{"CLUSTER_ALERT_KIND", alert.kind},
          {"CLUSTER_ALERT_SUBJECT", alert.subject},
          {"CLUSTER_ALERT_SEVERITY", core::to_string(alert.severity)},
          {"CLUSTER_ALERT_TEXT", alert.text},
          {"CLUSTER_ALERT_SHORT", short_line(alert)},
          {"CLUSTER_ALERT_TIME", utc(now)},
          {"CLUSTER_ALERT_FROM", alert.from ? std::to_string(alert.from.value) : std::string()},
          {"CLUSTER_HOST_ID", std::to_string(teller.host.value)},
          {"CLUSTER_HOST_NAME", teller.name}};
}

}  // namespace cluster::alerts
