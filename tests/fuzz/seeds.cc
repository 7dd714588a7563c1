// Writes what a genuine host says into the corpora: frames of a core that links, claims, runs and stops.
//
// usage: seeds CORPUS-DIR
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/messages.h"

namespace cluster::fuzz {
namespace {

std::string with_length(const std::string& text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  return out + text;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

int seed(const std::filesystem::path& corpus) {
  OneNode node;
  node.link(OneNode::kToTwo);
  node.receive(OneNode::kToTwo, Messages::greeting());
  node.receive(OneNode::kToTwo, Messages::introduction('2', 2));
  node.pass(seconds(7));
  node.command(core::Verb::kStandby, "", HostId(1));
  node.command(core::Verb::kDisable, "web", HostId(0));
  node.leave();

  std::string stream, all;
  int number = 0;
  for (const std::string& frame : node.sent()) {
    const std::string step = std::string(2, '\0') + with_length(frame);
    write(corpus / "message" / ("said_" + std::to_string(++number)), step);
    all += step;
    stream += wire::frame_header(frame.size()) + frame;
  }
  write(corpus / "message" / "said", all);
  write(corpus / "framing" / "stream", with_length("\1\7\1\7") + std::string(1, '\0') + stream);
  return 0;
}

}  // namespace
}  // namespace cluster::fuzz

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: seeds CORPUS-DIR\n", stderr);
    return 2;
  }
  try {
    return cluster::fuzz::seed(words[1]);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "seeds: %s\n", fault.what());
    return 1;
  }
}
