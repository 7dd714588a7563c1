#include <fstream>

#include "files/path.h"
#include "files/place.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Kind = Outcome::Kind;
using Names_ = std::vector<std::string>;

// What takes the place of what, on file systems that can do more or less.
class SwapTest : public DiskTest, public testing::WithParamInterface<Renames> {
 protected:
  SwapTest() {
    rules_.renames = GetParam();
    rules_.sync_each = false;  // it takes time, and nothing is lost with the test
  }
  Retained& store() {
    if (!store_) store_.emplace(*Retained::open((folder_ / "retained").string()));
    return *store_;
  }
  AsRetained retained() { return {&store(), "root", "v1", WallTime(seconds(1000))}; }
  std::string kept(const std::string& path) {
    const auto versions = store().list("root", path);
    if (!versions.ok() || versions->empty()) return "nothing";
    auto data = store().open_version(versions->front());
    if (!data.ok()) return data.error();
    std::string bytes(100, '\0');
    bytes.resize(static_cast<size_t>(::read(data->get(), bytes.data(), bytes.size())));
    return bytes;
  }

 private:
  std::optional<Retained> store_;
};

INSTANTIATE_TEST_SUITE_P(Renames, SwapTest,
                         testing::Values(Renames::kAll, Renames::kNoExchange, Renames::kPlain));

TEST_P(SwapTest, AFileTakesThePlaceOfAnotherThatIsRetained) {
  write("f", "old");
  const sync::Found before = found("f");
  const Outcome done = put("f", "new", before, retained());
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(done.copying, nullptr);
  EXPECT_EQ(read("f"), "new");
  EXPECT_EQ(kept("f"), "old");
  EXPECT_EQ(store().list("root", "f")->front().state, before.state);
  EXPECT_EQ(names(), Names_{"f"});
}

TEST_P(SwapTest, AnEditMeanwhileIsNotOverwritten) {
  write("f", "old");
  const sync::Found before = found("f");
  StagedFile file = staged("f", "new");
  tick();
  write("f", "edited");
  EXPECT_EQ(place().commit(file, state("new"), before, retained()).kind, Kind::kChanged);
  EXPECT_EQ(read("f"), "edited");
  EXPECT_EQ(place().commit(file, state("new"), std::nullopt, retained()).kind, Kind::kChanged);
  EXPECT_EQ(place().remove("f", before, retained()).kind, Kind::kChanged);
  EXPECT_EQ(read("f"), "edited");
  EXPECT_EQ(kept("f"), "nothing");
  EXPECT_TRUE(place().commit(file, state("new"), found("f"), retained()).done()) << "tried again";
  EXPECT_EQ(read("f"), "new");
  EXPECT_EQ(names(), Names_{"f"});
}

TEST_P(SwapTest, AFileMadeMeanwhileIsNotOverwritten) {
  StagedFile file = staged("f", "new");
  write("f", "made");
  EXPECT_EQ(place().commit(file, state("new"), std::nullopt, Discard{}).kind, Kind::kChanged);
  EXPECT_EQ(read("f"), "made");
  EXPECT_EQ(place().make_folder("f", folder_state(), std::nullopt, Discard{}).kind, Kind::kChanged);
  EXPECT_EQ(place().make_link("f", link_state("x"), std::nullopt, Discard{}).kind, Kind::kChanged);
  fs::remove(root_ / "f");
  const sync::Found gone = (write("g", "x"), found("g"));
  EXPECT_EQ(place().commit(file, state("new"), gone, Discard{}).kind, Kind::kChanged);
  place().discard(file);
  EXPECT_EQ(names(), Names_{"g"});
}

TEST_P(SwapTest, TheLoserOfAConflictStandsBeside) {
  write("f", "mine");
  const Outcome done = put("f", "theirs", found("f"), AsConflict{"f.conflict-b-1"});
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(read("f"), "theirs");
  EXPECT_EQ(read("f.conflict-b-1"), "mine");
  const Outcome taken = put("f", "more", found("f"), AsConflict{"f.conflict-b-1"});
  EXPECT_EQ(taken.kind, Kind::kTaken);
  EXPECT_EQ(put("f", "more", found("f"), AsConflict{"../f"}).kind, Kind::kFailed);
  EXPECT_EQ(read("f"), "theirs");
  EXPECT_TRUE(place().remove("f", found("f"), AsConflict{"f.gone"}).done());
  EXPECT_EQ(names(), (Names_{"f.conflict-b-1", "f.gone"}));
}

TEST_P(SwapTest, FilesLinksAndFoldersReplaceEachOther) {
  write("p", "file");
  Outcome done = place().make_link("p", link_state("target"), found("p"), retained());
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(look("p").found.state, link_state("target"));
  EXPECT_EQ(kept("p"), "file");
  done = place().make_folder("p", folder_state(0750), done.found, retained());
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(look("p").found.state, folder_state(0750));
  EXPECT_EQ(store().list("root", "p")->size(), 2U);
  done = put("p", "again", done.found, retained());
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(read("p"), "again");
  done = place().make_folder("p", folder_state(), done.found, Discard{});
  ASSERT_TRUE(done.done()) << done.reason;
  done = place().make_link("p", link_state("t"), done.found, Discard{});
  ASSERT_TRUE(done.done()) << done.reason;
  done = put("p", "last", done.found, Discard{});
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(names(), Names_{"p"});
}

TEST_P(SwapTest, AFolderThatIsNotEmptyStays) {
  write("d/f", "x");
  const sync::Found folder = found("d");
  for (const Keep& keep : {Keep(Discard{}), Keep(retained())}) {
    EXPECT_EQ(put("d", "a file", folder, keep).kind, Kind::kNotEmpty);
    EXPECT_EQ(place().make_link("d", link_state("x"), folder, keep).kind, Kind::kNotEmpty);
    EXPECT_EQ(place().remove("d", folder, keep).kind, Kind::kNotEmpty);
  }
  EXPECT_EQ(read("d/f"), "x");
  EXPECT_EQ(names(), Names_{"d"});
  EXPECT_TRUE(put("d", "a file", folder, AsConflict{"d.conflict"}).done())
      << "with all that is in it";
  EXPECT_EQ(read("d.conflict/f"), "x");
}

TEST_P(SwapTest, AFoldersEntriesAreNoChangeOfIt) {
  fs::create_directory(root_ / "d");
  const sync::Found before = found("d");
  write("d/f", "x");
  fs::remove(root_ / "d/f");
  EXPECT_TRUE(place().set_attributes("d", folder_state(0700), before).done());
  EXPECT_EQ(place().remove("d", before, Discard{}).kind, Kind::kChanged) << "its mode is";
  EXPECT_TRUE(place().remove("d", found("d"), Discard{}).done());
}

TEST_P(SwapTest, WhatWasBeingWrittenInAFolderDoesNotKeepIt) {
  fs::create_directory(root_ / "d");
  { const StagedFile file = staged("d/f", "x"); }
  EXPECT_EQ(names("d").size(), 1U);
  EXPECT_TRUE(place().set_attributes("d", folder_state(0700), found("d")).done());
  EXPECT_EQ(names("d").size(), 1U) << "other changes of the folder leave it";
  EXPECT_TRUE(place().remove("d", found("d"), retained()).done());
  EXPECT_TRUE(names().empty());
}

TEST_P(SwapTest, WhatIsRemovedIsRetained) {
  write("f", "old");
  fs::create_symlink("f", root_ / "l");
  fs::create_directory(root_ / "d");
  const sync::Found folder = found("d");
  for (const std::string path : {"f", "l", "d"}) {
    const Outcome done = place().remove(path, found(path), retained());
    EXPECT_TRUE(done.done()) << done.reason;
    EXPECT_EQ(store().list("root", path)->size(), 1U);
  }
  EXPECT_EQ(kept("f"), "old");
  EXPECT_EQ(store().list("root", "l")->front().state.content, "f");
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(place().remove("f", std::nullopt, retained()).done()) << "it is absent already";
  EXPECT_EQ(place().remove("f", folder, retained()).kind, Kind::kChanged);
}

TEST_P(SwapTest, OtherNamesOfAFileKeepTheirBytes) {
  write("f", "old");
  fs::create_hard_link(root_ / "f", root_ / "g");
  const sync::Found before = found("f");
  ASSERT_TRUE(put("f", "new", before, Discard{}).done());
  EXPECT_EQ(read("g"), "old");
  EXPECT_EQ(read("f"), "new");
}

TEST_P(SwapTest, WhatHasAnotherNameIsRetainedAsACopy) {
  write("f", "old");
  fs::create_hard_link(root_ / "f", root_ / "g");
  Outcome done = put("f", "new", found("f"), retained());
  ASSERT_TRUE(done.done()) << done.reason;
  ASSERT_NE(done.copying, nullptr);
  EXPECT_TRUE(store().list("root", "f")->empty()) << "not yet";
  EXPECT_EQ(done.copying->step(1 << 20), Retained::Copying::Step::kDone) << done.copying->error();
  std::ofstream(root_ / "g") << "edited";
  EXPECT_EQ(kept("f"), "old");
  EXPECT_EQ(names(), (Names_{"f", "g"}));
}

TEST_P(SwapTest, ACrashBeforeTheCopyIsMadeLosesNothing) {
  write("d/f", "old");
  fs::create_hard_link(root_ / "d/f", root_ / "g");
  { const Outcome dropped = put("d/f", "new", found("d/f"), retained()); }
  const Names_ left = names("d");
  ASSERT_EQ(left.size(), 2U);
  const std::string path = "d/" + (left[0] == "f" ? left[1] : left[0]);
  EXPECT_EQ(leftover_kind(name_of(path)), Leftover::kOld);
  Outcome cleared = place().clear_leftover(path, retained());
  ASSERT_TRUE(cleared.done()) << cleared.reason;
  ASSERT_NE(cleared.copying, nullptr);
  EXPECT_EQ(cleared.copying->step(1 << 20), Retained::Copying::Step::kDone);
  EXPECT_EQ(kept("d/f"), "old");
  EXPECT_EQ(names("d"), Names_{"f"});
}

TEST_P(SwapTest, LeftoversOfACrashAreCleared) {
  const std::string fresh = new_name("f", "x");
  const std::string old = old_name("f", "0");
  const std::string folder = old_name("d", "0");
  write(fresh, "half");
  write(old, "perhaps the only one");
  write(folder + "/inner", "x");
  fs::create_directory(root_ / new_name("e", "folder"));
  for (const std::string& name : names())
    EXPECT_TRUE(place().clear_leftover(name, retained()).done()) << name;
  EXPECT_EQ(kept("f"), "perhaps the only one");
  EXPECT_EQ(names(), Names_{"d"});
  EXPECT_EQ(read("d/inner"), "x") << "with what is in it a folder gets its name back";
  EXPECT_EQ(place().clear_leftover("d", retained()).kind, Kind::kFailed);
}

TEST_P(SwapTest, WhatCannotBeRetainedIsNotReplaced) {
  write("f", "old");
  const sync::Found before = found("f");
  store();
  fs::remove(folder_ / "retained");
  const Outcome refused = put("f", "new", before, retained());
  EXPECT_EQ(refused.kind, Kind::kFailed);
  EXPECT_NE(refused.reason, "");
  EXPECT_EQ(read("f"), "old");
  EXPECT_EQ(place().remove("f", found("f"), retained()).kind, Kind::kFailed);
  EXPECT_EQ(read("f"), "old");
  EXPECT_EQ(names(), Names_{"f"});
}

TEST_P(SwapTest, IsRenamedOnlyToWhereNothingStands) {
  write("a/f", "1");
  write("b/f", "2");
  const sync::Found before = found("a/f");
  EXPECT_EQ(place().rename("a/f", "b/f", before).kind, Kind::kTaken);
  EXPECT_EQ(place().rename("a/f", "absent/f", before).kind, Kind::kNoParent);
  const Outcome done = place().rename("a/f", "b/g", before);
  ASSERT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(done.found, found("b/g"));
  EXPECT_EQ(place().rename("a/f", "b/h", before).kind, Kind::kChanged);
}

TEST_P(SwapTest, WhatWasStagedAndIsGoneIsSaid) {
  StagedFile file = staged("f", "x");
  fs::remove(root_ / names().front());
  EXPECT_EQ(place().commit(file, state("x"), std::nullopt, Discard{}).kind, Kind::kFailed);
  EXPECT_TRUE(names().empty());
}

// Somebody writes into the file all the time while it is replaced: each byte is in the old one or in what was edited.
TEST_P(SwapTest, NoEditIsLostInARace) {
  for (int round = 0; round < 20; ++round) {
    const std::string path = "f" + std::to_string(round);
    write(path, "old");
    const sync::Found before = found(path);
    StagedFile file = staged(path, "new");
    std::thread editor([&] { write(path, "edited"); });
    const Outcome outcome = place().commit(file, state("new"), before, retained());
    editor.join();
    if (!outcome.done()) {
      EXPECT_EQ(outcome.kind, Kind::kChanged) << outcome.reason;
      EXPECT_EQ(read(path), "edited");
      place().discard(file);
    } else if (read(path) == "new") {
      // It had been opened before: the edit is in what was retained.
      EXPECT_EQ(kept(path), "edited");
    } else {
      EXPECT_EQ(read(path), "edited");
      EXPECT_FALSE(kept(path).empty());
    }
  }
}

}  // namespace
}  // namespace cluster::files
