#include "sync/messages.h"

namespace cluster::sync {

namespace {

void to_wire(const Edit& edit, wire::FileEdit& out) {
  out.set_wall_us(edit.wall_us);
  out.set_node(edit.node.raw());
}

std::optional<Edit> from_wire(const wire::FileEdit& in) {
  const auto node = NodeId::from_raw(in.node());
  if (!node) return std::nullopt;
  return Edit{in.wall_us(), *node};
}

}  // namespace

void to_wire(const FileState& state, wire::FileContent& out) {
  out.set_type(static_cast<wire::FileContent::Type>(state.type));
  out.set_size(state.size);
  out.set_content(state.content);
  out.set_mode(state.mode);
  out.set_owner(state.owner);
  out.set_group(state.group);
  out.set_mtime_ns(state.mtime_ns);
  for (const auto& [name, value] : state.attributes) {
    auto& attribute = *out.add_attributes();
    attribute.set_name(name);
    attribute.set_value(value);
  }
}

Result<FileState> from_wire(const wire::FileContent& in) {
  FileState out;
  switch (in.type()) {
    case wire::FileContent::FILE: out.type = FileType::kFile; break;
    case wire::FileContent::FOLDER: out.type = FileType::kFolder; break;
    case wire::FileContent::LINK: out.type = FileType::kLink; break;
    default: return Error{"a type of file that is not known here"};
  }
  out.size = in.size();
  out.content = in.content();
  const bool whole = out.type == FileType::kFile ? out.content.size() == kDigestBytes
                     : out.type == FileType::kFolder
                         ? out.content.empty()
                         : !out.content.empty() && out.content.size() <= kMaxPathBytes &&
                               out.content.find('\0') == std::string::npos;
  if (!whole) return Error{"content that no file of its type has"};
  if (out.size > kMaxFileBytes || (out.type != FileType::kFile && out.size != 0))
    return Error{"a size that no file of its type has"};
  if ((in.mode() & ~07777U) != 0) return Error{"permissions beyond 07777"};
  out.mode = in.mode();
  out.owner = in.owner();
  out.group = in.group();
  for (const std::string* name : {&out.owner, &out.group})
    if (name->size() > kMaxTextBytes || name->find('\0') != std::string::npos)
      return Error{"an owner or group that is no name"};
  out.mtime_ns = in.mtime_ns();
  size_t bytes = 0;
  for (const auto& attribute : in.attributes()) {
    bytes += attribute.name().size() + attribute.value().size();
    const bool sound = !attribute.name().empty() && attribute.name().size() <= kMaxNameBytes &&
                       attribute.name().find('\0') == std::string::npos &&
                       (out.attributes.empty() || out.attributes.back().first < attribute.name());
    if (!sound) return Error{"extended attributes that are not in order"};
    out.attributes.emplace_back(attribute.name(), attribute.value());
  }
  if (out.attributes.size() > kMaxAttributes || bytes > kMaxAttributesBytes)
    return Error{"more extended attributes than are taken"};
  return out;
}

bool sound_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.find('\0') != std::string_view::npos)
    return false;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    if (name.empty() || name == "." || name == ".." || name.size() > kMaxNameBytes) return false;
    at = end + 1;
  }
  return true;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void to_wire(const std::string& path, const Entry& entry, wire::FileEntry& out) {
  out.set_path(path);
  for (const auto& [node, counter] : entry.vector.counters())
    to_wire(Dot{node, counter}, *out.add_vector());
  to_wire(entry.edited, *out.mutable_edited());
  out.set_counter(entry.counter);
  out.set_editor(entry.editor);
  to_wire(entry.born, *out.mutable_born());
  out.set_deleted(entry.deleted);
  out.set_unsure(entry.unsure);
  to_wire(entry.state, *out.mutable_state());
  for (const Dot& dot : entry.merges) to_wire(dot, *out.add_merges());
  if (!entry.lineage.none()) to_wire(entry.lineage, *out.mutable_lineage());
}

void to_wire(Mode mode, wire::RootHello& out) {
  switch (mode) {
    case Mode::kNewer: return out.set_mode(wire::RootHello::NEWER);
    case Mode::kOlder: return out.set_mode(wire::RootHello::OLDER);
    case Mode::kMerge: return out.set_mode(wire::RootHello::MERGE);
    case Mode::kOwner: return out.set_mode(wire::RootHello::OWNER);
  }
}

std::optional<Mode> mode_of(const wire::RootHello& hello) {
  switch (hello.mode()) {
    case wire::RootHello::NEWER: return Mode::kNewer;
    case wire::RootHello::OLDER: return Mode::kOlder;
    case wire::RootHello::MERGE: return Mode::kMerge;
    case wire::RootHello::OWNER: return Mode::kOwner;
    default: return std::nullopt;
  }
}

void to_wire(const Dot& dot, wire::Counter& out) {
  out.set_node(dot.node.raw());
  out.set_counter(dot.counter);
}

std::optional<Dot> from_wire(const wire::Counter& in) {
  const auto node = NodeId::from_raw(in.node());
  if (!node || in.counter() == 0) return std::nullopt;
  return Dot{*node, in.counter()};
}

void to_wire(const Lineage& lineage, wire::FileLineage& out) {
  out.set_epoch(lineage.epoch);
  out.set_node(lineage.node.raw());
}

std::optional<Lineage> from_wire(const wire::FileLineage& in) {
  const auto node = NodeId::from_raw(in.node());
  if (!node || in.epoch() == 0 || in.epoch() > kMaxLineageEpoch) return std::nullopt;
  return Lineage{in.epoch(), *node};
}

Result<Entry> from_wire(const wire::FileEntry& in) {
  if (!sound_path(in.path())) return Error{"a path that leads nowhere below a root"};
  Entry out;
  if (in.vector_size() == 0 || static_cast<size_t>(in.vector_size()) > kMaxCounters)
    return Error{"a version that nobody made, or too many did"};
  for (const auto& one : in.vector()) {
    const auto dot = from_wire(one);
    if (!dot || out.vector.of(dot->node) != 0)
      return Error{"a version whose counters are not sound"};
    out.vector.set(dot->node, dot->counter);
  }
  const auto edited = from_wire(in.edited());
  const auto born = from_wire(in.born());
  out.counter = in.counter();
  if (!edited || !born || out.counter == 0 || out.vector.of(edited->node) < out.counter)
    return Error{"a version whose maker is not told"};
  out.edited = *edited;
  out.born = *born;
  out.editor = in.editor();
  if (out.editor.size() > kMaxTextBytes || out.editor.find('\0') != std::string::npos)
    return Error{"an editor that is no host's name"};
  out.deleted = in.deleted();
  out.unsure = in.unsure();
  auto state = from_wire(in.state());
  if (!state) return Error{state.error()};
  out.state = std::move(*state);
  if (static_cast<size_t>(in.merges_size()) > kMaxMerges)
    return Error{"a version that puts too many edits together"};
  for (const auto& one : in.merges()) {
    const auto dot = from_wire(one);
    if (!dot || out.vector.of(dot->node) < dot->counter)
      return Error{"a version that puts together what it does not know"};
    out.merges.push_back(*dot);
  }
  if (in.has_lineage()) {
    const auto lineage = from_wire(in.lineage());
    if (!lineage) return Error{"a version of a run that nobody made"};
    out.lineage = *lineage;
  }
  return out;
}

}  // namespace cluster::sync
