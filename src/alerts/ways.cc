#include "alerts/ways.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace cluster::alerts {

namespace {

// As run-parts(8) has it: what editors and packages leave behind is not meant to run.
bool is_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

std::vector<std::string> executables(const std::string& folder,
                                     std::vector<std::string>* passed_over) {
  std::vector<std::string> out;
  const auto pass_over = [&](const std::string& path, const char* why) {
    if (passed_over != nullptr) passed_over->push_back(path + " is not run: " + why);
  };
  DIR* open = opendir(folder.c_str());
  if (open == nullptr) return out;
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name, path = folder + "/" + name;
    struct stat info {};
    if (name.starts_with('.') || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (!is_name(name)) {
      pass_over(path, "its name has other characters than letters, digits, - and _");
    } else if ((info.st_mode & S_IWOTH) != 0) {
      pass_over(path, "anybody may write it");
    } else if (access(path.c_str(), X_OK) != 0) {
      pass_over(path, "it is not executable");
    } else {
      out.push_back(path);
    }
  }
  closedir(open);
  std::sort(out.begin(), out.end());
  if (out.size() > kMaxExecutables) {
    for (size_t i = kMaxExecutables; i < out.size(); ++i) pass_over(out[i], "there are too many");
    out.resize(kMaxExecutables);
  }
  return out;
}

bool any(const Ways& ways) {
  return !ways.email.empty() || !ways.text_alerts.empty() || !executables(ways.folder).empty();
}

}  // namespace cluster::alerts
