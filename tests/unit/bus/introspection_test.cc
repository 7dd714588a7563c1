// What the daemon shows of itself on the bus against the files in dbus/.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/bus/fixture.h"

namespace cluster::bus::test {
namespace {

// Both sides are regular: one element after the other, attributes in double quotes.
std::string attribute(const std::string& tag, const char* name) {
  std::smatch match;
  const std::regex pattern(std::string("\\b") + name + "=\"([^\"]*)\"");
  return std::regex_search(tag, match, pattern) ? match[1].str() : "";
}

// One line a member with its arguments: "Manager1 method MoveService in s name in u host".
std::set<std::string> members(std::string xml) {
  xml = std::regex_replace(xml, std::regex("<!--[\\s\\S]*?-->"), "");
  std::set<std::string> out;
  std::string interface;
  std::string member;
  const auto flush = [&] {
    if (!member.empty()) out.insert(interface + " " + member);
    member.clear();
  };
  const std::regex tag_pattern("<(/?)([a-z]+)([^>]*)>");
  for (std::sregex_iterator it(xml.begin(), xml.end(), tag_pattern), end; it != end; ++it) {
    const std::string kind = (*it)[2];
    const std::string attributes = (*it)[3];
    if ((*it)[1] == "/") {
      if (kind != "arg" && kind != "annotation") flush();
    } else if (kind == "interface") {
      interface = attribute(attributes, "name");
    } else if (kind == "method" || kind == "signal") {
      flush();
      member = kind + " " + attribute(attributes, "name");
    } else if (kind == "property") {
      flush();
      member = kind + " " + attribute(attributes, "name") + " " + attribute(attributes, "type") + " " +
               attribute(attributes, "access");
    } else if (kind == "arg") {
      const std::string direction = attribute(attributes, "direction");
      member += " " + (direction.empty() ? "" : direction + " ") + attribute(attributes, "type") + " " +
                attribute(attributes, "name");
    } else if (kind == "annotation" && !member.empty()) {
      member += " " + attribute(attributes, "name") + "=" + attribute(attributes, "value");
    }
    if (!attributes.empty() && attributes.back() == '/' && kind != "arg" && kind != "annotation") flush();
  }
  std::erase_if(out, [](const std::string& line) { return line.starts_with("org.freedesktop."); });
  return out;
}

// Tests run from the root of the source tree, or from wherever, with the program below build/.
std::string file(const std::string& name) {
  std::filesystem::path folder = std::filesystem::current_path();
  if (!std::filesystem::exists(folder / "dbus")) {
    folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    while (folder.has_relative_path() && !std::filesystem::exists(folder / "dbus")) {
      folder = folder.parent_path();
    }
  }
  std::ifstream in(folder / "dbus" / name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Introspection : public BusTest {
 protected:
  void compare(const std::string& path, const std::string& name) {
    const auto shown = members(introspect(path));
    const auto written = members(file(name));
    std::vector<std::string> only_shown;
    std::vector<std::string> only_written;
    std::set_difference(shown.begin(), shown.end(), written.begin(), written.end(),
                        std::back_inserter(only_shown));
    std::set_difference(written.begin(), written.end(), shown.begin(), shown.end(),
                        std::back_inserter(only_written));
    EXPECT_FALSE(written.empty());
    EXPECT_EQ(only_shown, std::vector<std::string>()) << "is not in dbus/" << name;
    EXPECT_EQ(only_written, std::vector<std::string>()) << "is not on the bus at " << path;
  }
};

TEST_F(Introspection, IsAsTheFilesSay) {
  start_bus();
  compare("/com/bammeson/cluster", "com.bammeson.cluster.xml");
  compare("/com/bammeson/cluster/host/1", "com.bammeson.cluster.Host1.xml");
  compare("/com/bammeson/cluster/service/web", "com.bammeson.cluster.Service1.xml");
}

TEST_F(Introspection, ObjectsAreFoundBelowTheRoot) {
  start_bus();
  const std::string root = introspect("/com/bammeson/cluster");
  EXPECT_NE(root.find("org.freedesktop.DBus.ObjectManager"), std::string::npos);
  EXPECT_NE(root.find("node name=\"host\""), std::string::npos);
  EXPECT_NE(introspect("/com/bammeson/cluster/service").find("node name=\"mail_2d1\""),
            std::string::npos);
}

}  // namespace
}  // namespace cluster::bus::test
