#include "files/retained_meta.h"

#include "files/content.h"

namespace cluster::files {

namespace {

constexpr std::string_view kHead = "cluster retained 1\n";

class Writer {
 public:
  void number(uint64_t value) {
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  std::string finish() {
    Sha256 sha;
    sha.add(out_);
    return out_ + sha.finish();
  }

 private:
  std::string out_{kHead};
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  uint64_t number() {
    uint64_t value = 0;
    const std::string_view part = take(8);
    for (size_t i = part.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(part[i]);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  bool sound() const { return !short_ && bytes_.empty(); }
  bool more() const { return !short_; }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) {
      short_ = true;
      return {};
    }
    const std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return part;
  }

  std::string_view bytes_;
  bool short_ = false;
};

}  // namespace

std::string meta_bytes(const RetainedVersion& version) {
  Writer out;
  out.text(version.root);
  out.text(version.path);
  out.text(version.label);
  out.number(static_cast<uint64_t>(version.kept.time_since_epoch().count()));
  const sync::FileState& state = version.state;
  out.number(static_cast<uint64_t>(state.type));
  out.number(state.size);
  out.text(state.content);
  out.number(state.mode);
  out.text(state.owner);
  out.text(state.group);
  out.number(static_cast<uint64_t>(state.mtime_ns));
  out.number(state.attributes.size());
  for (const auto& [name, value] : state.attributes) {
    out.text(name);
    out.text(value);
  }
  return out.finish();
}

Result<RetainedVersion> parse_meta(std::string_view bytes) {
  const Error damaged{"a retained version whose description is damaged"};
  if (!bytes.starts_with(kHead) || bytes.size() < kHead.size() + sync::kDigestBytes) return damaged;
  const std::string_view body = bytes.substr(0, bytes.size() - sync::kDigestBytes);
  Sha256 sha;
  sha.add(body);
  if (sha.finish() != bytes.substr(body.size())) return damaged;
  Reader in(body.substr(kHead.size()));
  RetainedVersion version;
  version.root = in.text();
  version.path = in.text();
  version.label = in.text();
  version.kept = WallTime(Duration(static_cast<int64_t>(in.number())));
  sync::FileState& state = version.state;
  const uint64_t type = in.number();
  state.type = static_cast<sync::FileType>(type);
  state.size = in.number();
  state.content = in.text();
  state.mode = static_cast<uint32_t>(in.number());
  state.owner = in.text();
  state.group = in.text();
  state.mtime_ns = static_cast<int64_t>(in.number());
  for (uint64_t left = in.number(); left > 0 && in.more(); --left) {
    std::string name = in.text();
    state.attributes.emplace_back(std::move(name), in.text());
  }
  if (!in.sound() || type > static_cast<uint64_t>(sync::FileType::kLink)) return damaged;
  return version;
}

}  // namespace cluster::files
