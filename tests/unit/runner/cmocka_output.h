// GoogleTest's results in the formats of cmocka (https://api.cmocka.org, "Output formats"), so that
// tools for cmocka can read them. A suite is a group.
//
// Where cmocka prints one plan or one document a group, and several of them make a stream that no
// parser takes, there is one for the whole program: with a single group the two are the same.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace cluster::runner {

enum class Format { kStandard, kTap, kXml, kSubunit };

// "stdout" (or "standard"), "tap", "xml", "subunit" in any case; nullopt for anything else, for
// which cmocka, too, keeps its default.
std::optional<Format> parse_format(const std::string& text);

// `xml_file` may hold %g for the group's name; a file that exists is left alone and the document
// goes to stderr, as cmocka documents it. Empty: stdout.
std::unique_ptr<testing::TestEventListener> make_output(Format format, std::string xml_file);

// Aborts the program at the first failed assertion.
std::unique_ptr<testing::TestEventListener> make_aborter();

}  // namespace cluster::runner
