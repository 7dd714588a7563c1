#include "config/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "posix/fd.h"

namespace cluster::config {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string hex(unsigned char c) {
  char out[8];
  std::snprintf(out, sizeof out, "0x%02x", c);
  return out;
}

void check_bytes(const std::string& path, Line& line, Report& report) {
  auto refuse = [&](std::string_view wrong, std::string_view expected) {
    report.fault(path, line.number, wrong, expected);
    line.sound = false;
  };
  if (line.text.find('\0') != std::string::npos) {
    refuse("the line holds a NUL byte", "text");
  } else if (!is_utf8(line.text)) {
    refuse("the line is not valid UTF-8", "text in UTF-8");
  } else if (line.text.size() > kMaxLineBytes) {
    refuse("the line has " + std::to_string(line.text.size()) + " bytes",
           "at most " + std::to_string(kMaxLineBytes));
  } else {
    for (unsigned char c : line.text) {
      if ((c >= 0x20 && c != 0x7f) || c == '\t') continue;
      refuse(c == '\r' ? "the line holds a carriage return (0x0d) before its end"
                       : "the line holds the control character " + hex(c),
             c == '\r' ? "lines that end with a newline" : "text");
      break;
    }
  }
}

}  // namespace

std::string TextFile::joined() const {
  std::string out;
  for (const Line& line : lines) {
    out += line.text;
    out += '\n';
  }
  return out;
}

TextFile split_text(std::string path, std::string_view bytes, Report& report) {
  TextFile file;
  file.path = std::move(path);
  if (bytes.starts_with(kByteOrderMark)) {
    report.fault(file.path, 1, "the file starts with a byte order mark", "plain UTF-8 without one");
    file.sound = false;
    bytes.remove_prefix(kByteOrderMark.size());
  }
  int number = 0;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);

    Line line{++number, std::string(text), true};
    check_bytes(file.path, line, report);
    file.sound = file.sound && line.sound;
    file.lines.push_back(std::move(line));
  }
  return file;
}

std::optional<TextFile> read_text(const std::string& path, Need need, Report& report) {
  // Without O_NONBLOCK a FIFO in the file's place would hang the daemon.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    const int error = errno;
    if (error == ENOENT && need == Need::kOptional) return std::nullopt;
    if (error == ENOENT) {
      report.fault(path, 1, "the file does not exist", "a file");
    } else {
      report.fault(path, 1, std::string("the file cannot be read: ") + std::strerror(error),
                   "a readable file");
    }
    return std::nullopt;
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || S_ISDIR(info.st_mode)) {
    report.fault(path, 1, "this is a folder", "a file");
    return std::nullopt;
  }
  if (!S_ISREG(info.st_mode)) {
    report.fault(path, 1, "this is a device, socket or pipe", "a regular file");
    return std::nullopt;
  }

  std::string bytes;
  char buffer[16 * 1024];
  while (bytes.size() <= kMaxFileBytes) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      report.fault(path, 1, std::string("the file cannot be read: ") + std::strerror(errno),
                   "a readable file");
      return std::nullopt;
    }
    bytes.append(buffer, static_cast<size_t>(got));
  }
  if (bytes.size() > kMaxFileBytes) {
    report.fault(path, 1, "the file has more than " + std::to_string(kMaxFileBytes) + " bytes",
                 "a configuration file");
    return std::nullopt;
  }
  TextFile text = split_text(path, bytes, report);
  text.mode = info.st_mode & 07777;
  return text;
}

}  // namespace cluster::config
