// Addresses, numbers and times: the small texts of files and of peers' records. Each input is one text.
#include "config/address.h"

#include "config/fault.h"
#include "config/text.h"
#include "config/values.h"
#include "core/dialer.h"
#include "tests/fuzz/fuzz.h"

namespace cluster::fuzz {
namespace {

void check_error(const std::string& error) {
  ENSURE(one_line(error) && config::is_utf8(error), error.c_str());
  ENSURE(error.find("; expected ") != std::string::npos, error.c_str());
}

void check_addresses(const std::string& text) {
  const std::string ip = config::canonical_ip(text);
  ENSURE(ip.empty() || config::canonical_ip(ip) == ip);
  const std::string name = config::comparable_name(text);
  ENSURE(config::comparable_name(name) == name || !config::is_host_name(text));
  static_cast<void>(config::is_loopback(ip));

  const auto host = config::parse_host_address(text);
  if (host) {
    ENSURE(host->port != 0 && !host->address.empty() && one_line(host->name));
    const auto again = config::parse_host_address(host->name + ":" + std::to_string(host->port));
    ENSURE(again && again->address == host->address && again->port == host->port);
  } else {
    check_error(host.error());
  }
  const auto listen = config::parse_listen_address(text);
  if (listen) {
    ENSURE(config::canonical_ip(*listen) == *listen);
  } else {
    check_error(listen.error());
  }
  if (const auto target = core::parse_address(text))
    ENSURE(target->port != 0 && !target->address.empty() && target->address.size() < text.size());
}

void check_values(const std::string& text) {
  if (const auto number = config::parse_number(text, UINT64_MAX))
    ENSURE(std::to_string(*number) == text);
  if (const auto time = config::parse_time(text)) {
    ENSURE(*time >= Duration{} && *time <= config::kMaxTime);
    ENSURE(config::parse_time(config::format_time(*time)) == time);
  }
  const std::string quoted = config::in_quotes(text);
  ENSURE(one_line(quoted) && config::is_utf8(quoted) && quoted.size() < 512);
}

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  // What is not UTF-8 is refused before anybody asks what it is.
  if (!cluster::config::is_utf8(text)) return 0;
  cluster::fuzz::check_addresses(text);
  cluster::fuzz::check_values(text);
  return 0;
}
