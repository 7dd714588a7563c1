#include "files/keeper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "tests/unit/files/random_bytes.h"
#include "tests/unit/temp_folder.h"

namespace cluster::files {
namespace {

namespace fs = std::filesystem;

// Long enough for the slowest machine; what is waited for comes in milliseconds.
constexpr auto kPatience = std::chrono::seconds(60);
// Less than a delete waits for whoever puts the file back.
constexpr auto kDeletePauseOfMoves = std::chrono::milliseconds(450);

NodeId node_of(uint8_t number) {
  NodeId out;
  out.bytes[0] = number;
  return out;
}

// Hosts whose keepers are linked with each other by nothing but memory.
class Hosts : public ::testing::Test {
 protected:
  struct Host {
    std::string data, state;
    std::unique_ptr<Keeper> keeper;
    std::vector<std::string> alerts;
    std::vector<std::pair<std::string, std::string>> conflicts;
  };

  void make(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      auto& host = hosts_.emplace_back(std::make_unique<Host>());
      const std::string name(1, static_cast<char>('a' + i));
      host->data = folder_.path().string() + "/" + name;
      host->state = folder_.path().string() + "/state-" + name;
      fs::create_directory(host->data);
      fs::create_directory(host->state);
    }
  }

  void start(size_t i) {
    Host& host = *hosts_[i];
    KeeperCalls calls;
    calls.say = [this, i](core::FilesSaid said) {
      std::lock_guard guard(mutex_);
      const size_t to = said.to.bytes[0] - size_t{1};
      said_bytes_ += said.bytes.size();
      if (linked_ && hosts_[to]->keeper)
        hosts_[to]->keeper->perform(
            core::FilesHeard{node_of(static_cast<uint8_t>(i + 1)), said.bytes});
    };
    calls.give = [say = calls.say](NodeId to, std::string frame) { say({to, std::move(frame)}); };
    calls.changed = [](const std::string&) {};
    calls.conflict = [this, &host](const std::string& path, const std::string& copy) {
      std::lock_guard guard(mutex_);
      host.conflicts.emplace_back(path, copy);
    };
    calls.alert = [this, &host](const std::string& text) {
      std::lock_guard guard(mutex_);
      host.alerts.push_back(text);
    };
    calls.log = [](const std::string&) {};
    auto keeper =
        Keeper::start(host.state,
                      {node_of(static_cast<uint8_t>(i + 1)), HostId(static_cast<uint32_t>(i + 1)),
                       std::string(1, static_cast<char>('A' + i))},
                      i + 1, std::move(calls));
    ASSERT_TRUE(keeper) << keeper.error();
    std::vector<HostId> ids;
    for (size_t j = 0; j < hosts_.size(); ++j) ids.emplace_back(static_cast<uint32_t>(j + 1));
    sync::LocalRoot root{{"data", mode_, ids, {}}, host.data, false};
    (*keeper)->configure({{root}, hours(1)});
    std::lock_guard guard(mutex_);
    host.keeper = std::move(*keeper);
  }

  void stop(size_t i) {
    std::unique_ptr<Keeper> ended;
    {
      std::lock_guard guard(mutex_);
      ended = std::move(hosts_[i]->keeper);
    }
  }

  void link() {
    std::lock_guard guard(mutex_);
    linked_ = true;
    for (size_t i = 0; i < hosts_.size(); ++i)
      for (size_t j = 0; j < hosts_.size(); ++j)
        if (i != j && hosts_[i]->keeper && hosts_[j]->keeper)
          hosts_[i]->keeper->perform(core::FilesPeerUp{node_of(static_cast<uint8_t>(j + 1)),
                                                       HostId(static_cast<uint32_t>(j + 1)),
                                                       std::string(1, static_cast<char>('A' + j))});
  }

  void cut() {
    std::lock_guard guard(mutex_);
    linked_ = false;
    for (size_t i = 0; i < hosts_.size(); ++i)
      for (size_t j = 0; j < hosts_.size(); ++j)
        if (i != j && hosts_[i]->keeper)
          hosts_[i]->keeper->perform(core::FilesPeerDown{node_of(static_cast<uint8_t>(j + 1))});
  }

  std::string path(size_t i, const std::string& name) { return hosts_[i]->data + "/" + name; }
  void write(size_t i, const std::string& name, const std::string& text) {
    std::ofstream(path(i, name), std::ios::binary) << text;
  }
  // As a whole: on a machine that is busy a long write may be seen half done.
  void replace(size_t i, const std::string& name, const std::string& text) {
    const fs::path beside = folder_.path() / "new";
    std::ofstream(beside, std::ios::binary) << text;
    fs::rename(beside, path(i, name));
  }
  std::string read(size_t i, const std::string& name) {
    std::ifstream in(path(i, name), std::ios::binary);
    if (!in) return "(absent)";
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static void await(const std::string& what, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << what;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void await_text(size_t i, const std::string& name, const std::string& text) {
    await(name + " on host " + std::to_string(i), [&] { return read(i, name) == text; });
  }

  // Of a file with one; gives the answer.
  std::string restore_only_version(size_t i, const std::string& name) {
    std::string id, done;
    hosts_[i]->keeper->log(path(i, name), [&](Result<std::vector<RetainedVersion>> versions) {
      std::lock_guard guard(mutex_);
      id = versions && versions->size() == 1 ? (*versions)[0].id : "not one version";
    });
    const auto await_said = [&](const std::string& what) {
      await("the answer", [&] {
        std::lock_guard guard(mutex_);
        return !what.empty();
      });
    };
    await_said(id);
    hosts_[i]->keeper->request({Request::Verb::kRestore, path(i, name), id},
                               [&](Result<std::string> answer) {
                                 std::lock_guard guard(mutex_);
                                 done = answer ? *answer : answer.error();
                               });
    await_said(done);
    return done;
  }

  testing_files::TempFolder folder_;
  std::mutex mutex_;
  bool linked_ = false;
  sync::Mode mode_ = sync::Mode::kNewer;
  uint64_t said_bytes_ = 0;
  std::vector<std::unique_ptr<Host>> hosts_;

  void TearDown() override {
    for (size_t i = 0; i < hosts_.size(); ++i) stop(i);
  }
};

TEST_F(Hosts, AFileAppearsChangesAndGoesOnTheOther) {
  make(2);
  start(0), start(1), link();
  write(0, "motd", "welcome");
  await_text(1, "motd", "welcome");
  write(1, "motd", "goodbye");
  await_text(0, "motd", "goodbye");
  fs::remove(path(0, "motd"));
  await_text(1, "motd", "(absent)");
}

TEST_F(Hosts, WhatTwoHaveEditedApartIsPutTogether) {
  mode_ = sync::Mode::kMerge;
  make(2);
  start(0), start(1), link();
  write(0, "hosts", "one\ntwo\nthree\nfour\n");
  await_text(1, "hosts", "one\ntwo\nthree\nfour\n");
  await("what it held is kept on both", [&] {
    return !fs::is_empty(hosts_[0]->state + "/bases") && fs::exists(hosts_[1]->state + "/bases") &&
           !fs::is_empty(hosts_[1]->state + "/bases");
  });
  cut();
  write(0, "hosts", "ONE\ntwo\nthree\nfour\n");
  write(1, "hosts", "one\ntwo\nthree\nfour\nfive\n");
  link();
  await_text(0, "hosts", "ONE\ntwo\nthree\nfour\nfive\n");
  await_text(1, "hosts", "ONE\ntwo\nthree\nfour\nfive\n");
  cut();
  write(0, "hosts", "1\ntwo\nthree\nfour\nfive\n");
  write(1, "hosts", "I\ntwo\nthree\nfour\nfive\n");
  link();
  await("the one that lost, beside", [&] {
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(hosts_[0]->data))
      files += entry.path().filename().string().starts_with("hosts") ? 1 : 0;
    return files == 2 && read(0, "hosts") == read(1, "hosts");
  });
}

TEST_F(Hosts, FoldersLinksModesAndTimesAreKept) {
  make(2);
  start(0), start(1), link();
  fs::create_directories(path(0, "etc/deep"));
  write(0, "etc/deep/key", "secret");
  ASSERT_EQ(chmod(path(0, "etc/deep/key").c_str(), 0640), 0);
  const timespec times[2] = {{1'600'000'000, 5}, {1'600'000'000, 123'456'789}};
  ASSERT_EQ(utimensat(AT_FDCWD, path(0, "etc/deep/key").c_str(), times, 0), 0);
  fs::create_symlink("deep/key", path(0, "etc/current"));
  fs::create_directory(path(0, "empty"));
  await("the link", [&] { return fs::is_symlink(path(1, "etc/current")); });
  await("the folder", [&] { return fs::is_directory(path(1, "empty")); });
  struct stat info {};
  await("time and mode", [&] {
    return stat(path(1, "etc/deep/key").c_str(), &info) == 0 && (info.st_mode & 07777) == 0640 &&
           info.st_mtim.tv_sec == 1'600'000'000 && info.st_mtim.tv_nsec == 123'456'789;
  });
  EXPECT_EQ(read(1, "etc/current"), "secret");
  ASSERT_EQ(chmod(path(1, "etc/deep/key").c_str(), 0600), 0);
  await("the mode", [&] {
    return stat(path(0, "etc/deep/key").c_str(), &info) == 0 && (info.st_mode & 07777) == 0600;
  });
}

TEST_F(Hosts, OfALargeFileThatChangesInOneByteLittleTravels) {
  make(2);
  start(0), start(1), link();
  std::string bytes = random_bytes(24 << 20, 1);
  write(0, "large", bytes);
  await("all of it", [&] { return fs::exists(path(1, "large")) && read(1, "large") == bytes; });
  {
    std::lock_guard guard(mutex_);
    said_bytes_ = 0;
  }
  bytes[10 << 20] = static_cast<char>(bytes[10 << 20] ^ 1);
  replace(0, "large", bytes);
  await("the change", [&] { return read(1, "large") == bytes; });
  std::lock_guard guard(mutex_);
  EXPECT_LT(said_bytes_, 600'000u);
  RecordProperty("bytes", static_cast<int>(said_bytes_));
}

TEST_F(Hosts, OfASmallFileThatChangesALittleLittleTravels) {
  make(2);
  start(0), start(1), link();
  std::string bytes = random_bytes(12'000, 1);
  write(0, "small", bytes);
  await_text(1, "small", bytes);
  {
    std::lock_guard guard(mutex_);
    said_bytes_ = 0;
  }
  write(0, "small", bytes += "one line more\n");
  await_text(1, "small", bytes);
  std::lock_guard guard(mutex_);
  EXPECT_LT(said_bytes_, 2'000u);
}

TEST_F(Hosts, ACopySendsNoContent) {
  make(2);
  start(0), start(1), link();
  const std::string bytes = random_bytes(8 << 20, 2);
  write(0, "before", bytes);
  await("all of it", [&] { return read(1, "before") == bytes; });
  {
    std::lock_guard guard(mutex_);
    said_bytes_ = 0;
  }
  fs::copy_file(path(0, "before"), path(0, "after"));
  await("the new name", [&] { return read(1, "after") == bytes; });
  std::lock_guard guard(mutex_);
  EXPECT_LT(said_bytes_, 10'000u);
}

TEST_F(Hosts, ARenamedFileIsMovedOnTheOtherAndNothingIsRead) {
  make(2);
  start(0), start(1), link();
  const std::string bytes = random_bytes(4 << 20, 3);
  write(0, "before", bytes);
  await("all of it", [&] { return read(1, "before") == bytes; });
  // Whoever reads a file to its end while it is looked at sets its time of access.
  struct stat there {
  }, here{};
  ASSERT_EQ(stat(path(1, "before").c_str(), &there), 0);
  ASSERT_EQ(stat(path(0, "before").c_str(), &here), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  {
    std::lock_guard guard(mutex_);
    said_bytes_ = 0;
  }
  fs::rename(path(0, "before"), path(0, "after"));
  const auto begun = std::chrono::steady_clock::now();
  await("the new name", [&] { return fs::exists(path(1, "after")); });
  await("the old name's end", [&] { return !fs::exists(path(1, "before")); });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeletePauseOfMoves);
  struct stat now {};
  ASSERT_EQ(stat(path(1, "after").c_str(), &now), 0);
  EXPECT_EQ(now.st_ino, there.st_ino);
  EXPECT_EQ(read(1, "after"), bytes);
  write(0, "after", "edited");
  await_text(1, "after", "edited");
  std::lock_guard guard(mutex_);
  EXPECT_LT(said_bytes_, 10'000u);
}

TEST_F(Hosts, WhatIsRenamedAndEditedAtOnceIsTheEditedOne) {
  make(2);
  start(0), start(1), link();
  write(0, "before", "text");
  await_text(1, "before", "text");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  fs::rename(path(0, "before"), path(0, "after"));
  write(0, "after", "TEXT");
  await_text(1, "after", "TEXT");
  await_text(1, "before", "(absent)");
}

TEST_F(Hosts, ARenamedFolderTakesAllThatIsInItAlong) {
  make(2);
  start(0), start(1), link();
  fs::create_directories(path(0, "old/deep"));
  for (int i = 0; i < 40; ++i) write(0, "old/deep/file" + std::to_string(i), std::to_string(i));
  for (int i = 0; i < 40; ++i)
    await_text(1, "old/deep/file" + std::to_string(i), std::to_string(i));
  std::map<std::string, ino_t> inodes;
  struct stat info {};
  for (int i = 0; i < 40; ++i) {
    const std::string name = "file" + std::to_string(i);
    ASSERT_EQ(stat(path(1, "old/deep/" + name).c_str(), &info), 0);
    inodes[name] = info.st_ino;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  fs::rename(path(0, "old"), path(0, "new"));
  await("the old folder's end", [&] { return !fs::exists(path(1, "old")); });
  for (const auto& [name, inode] : inodes) {
    ASSERT_EQ(stat(path(1, "new/deep/" + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_ino, inode) << name;
  }
}

TEST_F(Hosts, WhatBothChangedWhileApartIsKeptTwice) {
  make(2);
  start(0), start(1), link();
  write(0, "zone", "old");
  await_text(1, "zone", "old");
  cut();
  write(0, "zone", "of the first");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  write(1, "zone", "of the second");
  link();
  await_text(0, "zone", "of the second");
  const auto copy_on = [&](size_t i) {
    for (const auto& entry : fs::directory_iterator(hosts_[i]->data))
      if (entry.path().filename().string().find("zone.conflict-A-") == 0)
        return read(i, entry.path().filename());
    return std::string();
  };
  await("a copy on the first", [&] { return copy_on(0) == "of the first"; });
  await("a copy on the second", [&] { return copy_on(1) == "of the first"; });
  EXPECT_EQ(read(1, "zone"), "of the second");
}

TEST_F(Hosts, AnEditOfTheSameLengthWithinTheSameSecondIsSeen) {
  make(2);
  start(0), start(1), link();
  write(0, "flag", "0");
  await_text(1, "flag", "0");
  for (const char* text : {"1", "2", "3", "4", "5"}) {
    write(0, "flag", text);
    await_text(1, "flag", text);
  }
}

TEST_F(Hosts, WhatIsDeletedWhileAHostIsOffStaysDeleted) {
  make(2);
  start(0), start(1), link();
  for (int i = 0; i < 5; ++i) write(0, "file" + std::to_string(i), "text");
  for (int i = 0; i < 5; ++i) await_text(1, "file" + std::to_string(i), "text");
  cut();
  stop(1);
  fs::remove(path(0, "file3"));
  write(1, "file4", "edited while nobody looked");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  start(1), link();
  await_text(1, "file3", "(absent)");
  await_text(0, "file4", "edited while nobody looked");
}

TEST_F(Hosts, MostOfARootDeletedAtOnceWaitsForAWord) {
  make(2);
  start(0), start(1), link();
  for (int i = 0; i < 20; ++i) write(0, "file" + std::to_string(i), "text");
  for (int i = 0; i < 20; ++i) await_text(1, "file" + std::to_string(i), "text");
  for (int i = 0; i < 20; ++i) fs::remove(path(0, "file" + std::to_string(i)));
  await("the brake", [&] {
    const auto roots = hosts_[0]->keeper->view();
    return !roots.empty() && roots[0].held_back == 20;
  });
  EXPECT_EQ(read(1, "file7"), "text");
  std::string said;
  hosts_[0]->keeper->request({Request::Verb::kRevert, "data", ""}, [&](Result<std::string> answer) {
    std::lock_guard guard(mutex_);
    said = answer ? *answer : answer.error();
  });
  for (int i = 0; i < 20; ++i) await_text(0, "file" + std::to_string(i), "text");
  std::lock_guard guard(mutex_);
  EXPECT_EQ(said, "20 files are brought back");
}

TEST_F(Hosts, AReplacedVersionComesBack) {
  make(2);
  start(0), start(1), link();
  write(0, "page", "first");
  await_text(1, "page", "first");
  write(0, "page", "second");
  await_text(1, "page", "second");
  restore_only_version(1, "page");
  await_text(1, "page", "first");
  await_text(0, "page", "first");
}

TEST_F(Hosts, WhatAServiceWritesComesBackWhereItRunsAlone) {
  mode_ = sync::Mode::kOwner;
  make(2);
  start(0), start(1), link();
  write(0, "db", "first");
  hosts_[0]->keeper->own({"data", 1, false, false, 0, std::nullopt}, [](const Status&) {});
  await_text(1, "db", "first");
  write(0, "db", "second");
  await_text(1, "db", "second");
  EXPECT_EQ(restore_only_version(1, "db"),
            "the service that writes data runs on A, which would take it back: restore it there, "
            "or stop the service, restore it on the host that is to run it, and start it there");
  EXPECT_EQ(read(1, "db"), "second");
  hosts_[0]->keeper->end_owning("data");
  await("the end of the run",
        [&] { return restore_only_version(1, "db").find("is as it was") != std::string::npos; });
  EXPECT_EQ(read(1, "db"), "first");
  EXPECT_EQ(read(0, "db"), "second") << "nobody runs the service";
  hosts_[1]->keeper->own({"data", 2, false, false, 0, std::nullopt}, [](const Status&) {});
  await_text(0, "db", "first");
}

TEST_F(Hosts, ARootThatVanishesPausesAndDeletesNothing) {
  make(2);
  start(0), start(1), link();
  write(0, "kept", "text");
  await_text(1, "kept", "text");
  fs::rename(hosts_[0]->data, hosts_[0]->data + "-away");
  await("the pause", [&] {
    const auto roots = hosts_[0]->keeper->view();
    return !roots.empty() && !roots[0].paused.empty();
  });
  write(1, "kept", "newer");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(read(1, "kept"), "newer");
  fs::rename(hosts_[0]->data + "-away", hosts_[0]->data);
  await_text(0, "kept", "newer");
}

TEST_F(Hosts, ManyFilesReachThreeHosts) {
  make(3);
  start(0), start(1), start(2);
  for (int i = 0; i < 300; ++i) write(0, "file" + std::to_string(i), "text " + std::to_string(i));
  link();
  for (const size_t host : {size_t{1}, size_t{2}})
    for (int i = 0; i < 300; ++i)
      await_text(host, "file" + std::to_string(i), "text " + std::to_string(i));
}

}  // namespace
}  // namespace cluster::files
