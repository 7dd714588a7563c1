#include "config/confuse.h"

#include <confuse.h>

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>

namespace cluster::config {

namespace {

// What ends every text: it is read as a key of the top level only if everything before it was
// closed.
constexpr const char* kSentinel = "cluster-end-of-file";

struct FreeConf {
  void operator()(cfg_t* conf) const { cfg_free(conf); }
};

std::string* g_message = nullptr;  // of the call in progress, held under its mutex

void take_message(cfg_t*, const char* format, va_list arguments) {
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  if (g_message != nullptr && g_message->empty()) *g_message = text;
}

}  // namespace

Result<std::map<std::string, std::vector<std::string>>> read_with_libconfuse(
    const std::string& text, const std::vector<std::string>& keys) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);

  std::vector<cfg_opt_t> options;
  for (const std::string& key : keys) {
    options.push_back(CFG_STR_LIST(key.c_str(), nullptr, CFGF_NONE));
  }
  options.push_back(CFG_STR_LIST(kSentinel, nullptr, CFGF_NONE));
  options.push_back(CFG_END());

  const std::unique_ptr<cfg_t, FreeConf> conf(cfg_init(options.data(), CFGF_NONE));
  if (!conf) return Error{"out of memory"};
  std::string message;
  g_message = &message;
  cfg_set_error_function(conf.get(), take_message);
  const int outcome = cfg_parse_buf(conf.get(), (text + "\n" + kSentinel + " = 1\n").c_str());
  g_message = nullptr;
  if (outcome != CFG_SUCCESS) return Error{message.empty() ? "unreadable" : message};
  if (cfg_size(conf.get(), kSentinel) != 1) return Error{"its end is inside of something"};

  std::map<std::string, std::vector<std::string>> out;
  for (const std::string& key : keys) {
    cfg_opt_t* option = cfg_getopt(conf.get(), key.c_str());
    std::vector<std::string>& values = out[key];
    for (unsigned int i = 0; i < cfg_opt_size(option); ++i) {
      const char* value = cfg_opt_getnstr(option, i);
      values.emplace_back(value == nullptr ? "" : value);
    }
  }
  return out;
}

}  // namespace cluster::config
