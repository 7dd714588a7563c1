#include "scripts/line_cutter.h"

#include <algorithm>

namespace cluster::scripts {

namespace {

// The length of the well-formed UTF-8 sequence at the start (RFC 3629), 0 if there is none.
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = at(0);
  size_t length = 0;
  uint32_t code = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2, code = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3, code = lead & 0x0f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4, code = lead & 0x07;
  } else {
    return 0;
  }
  if (s.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (at(i) & 0x3f);
  }
  // C1 controls move a terminal's cursor as the C0 ones do.
  if (length == 2 && code < 0xa0) return 0;
  if (length == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return 0;
  if (length == 4 && (code < 0x10000 || code > 0x10ffff)) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if ((c >= 0x20 && c < 0x7f) || c == '\t') {
      out += bytes[i++];
    } else if (size_t length = c < 0x80 ? 0 : utf8_length(bytes.substr(i)); length > 0) {
      out += bytes.substr(i, length);
      i += length;
    } else {
      out += "\\x";
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
      ++i;
    }
  }
  return out;
}

bool OutputBudget::take(MonoTime now, size_t bytes) {
  if (!begun_ || now >= renewal()) {
    begun_ = true;
    window_start_ = now;
    lines_ = 0;
    bytes_ = 0;
    spent_ = false;
  }
  // Once spent it stays so until the window ends: a gap in the log is one gap.
  if (spent_ || lines_ >= kMaxLinesPerWindow || bytes_ + bytes > kMaxBytesPerWindow) {
    spent_ = true;
    return false;
  }
  ++lines_;
  bytes_ += bytes;
  return true;
}

bool OutputBudget::exhausted(MonoTime now) const { return spent_ && now < renewal(); }

void LineCutter::feed(MonoTime now, std::string_view bytes, OutputBudget& budget,
                      const Emit& emit) {
  if (budget.exhausted(now)) return skip(bytes);
  if (skipping_) {
    const size_t newline = bytes.find('\n');
    skip(bytes.substr(0, newline == std::string_view::npos ? newline : newline + 1));
    if (skipping_) return;
    bytes.remove_prefix(newline + 1);
  }
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    const size_t taken = std::min(part.size(), kMaxLineBytes - line_.size());
    line_ += part.substr(0, taken);
    cut_bytes_ += part.size() - taken;
    if (newline == std::string_view::npos) return;
    end_line(now, budget, emit);
    bytes.remove_prefix(newline + 1);
  }
}

void LineCutter::skip(std::string_view bytes) {
  if (bytes.empty()) return;
  dropped_bytes_ += line_.size() + cut_bytes_ + bytes.size();
  dropped_lines_ += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  line_.clear();
  cut_bytes_ = 0;
  skipping_ = bytes.back() != '\n';
}

void LineCutter::end_line(MonoTime now, OutputBudget& budget, const Emit& emit) {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (!budget.take(now, line_.size() + 1)) {
    dropped_bytes_ += line_.size() + cut_bytes_ + 1;
    ++dropped_lines_;
  } else {
    report_dropped(emit);
    std::string text = printable(line_);
    if (cut_bytes_ > 0) {
      text += " [... " + std::to_string(cut_bytes_) + " more bytes, a logged line has at most " +
              std::to_string(kMaxLineBytes) + "]";
    }
    emit(std::move(text), false);
  }
  line_.clear();
  cut_bytes_ = 0;
}

void LineCutter::finish(MonoTime now, OutputBudget& budget, const Emit& emit) {
  if (!line_.empty() || cut_bytes_ > 0) end_line(now, budget, emit);
  report_dropped(emit);
  line_.shrink_to_fit();
}

void LineCutter::report_dropped(const Emit& emit) {
  if (dropped_bytes_ == 0) return;
  emit(std::to_string(dropped_lines_) + " lines (" + std::to_string(dropped_bytes_) +
           " bytes) of output dropped: at most " + std::to_string(kMaxLinesPerWindow) +
           " lines and " + std::to_string(kMaxBytesPerWindow / 1024) + " KiB in " +
           std::to_string(std::chrono::duration_cast<seconds>(kOutputWindow).count()) +
           " s are logged for a service",
       true);
  dropped_bytes_ = 0;
  dropped_lines_ = 0;
}

}  // namespace cluster::scripts
