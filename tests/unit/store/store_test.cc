#include "store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "store/lock_file.h"
#include "tests/unit/temp_folder.h"

namespace cluster::store {
namespace {

namespace fs = std::filesystem;

// What the store answered, from its thread.
class Answers {
 public:
  Store::Answer take() {
    return [this](core::Event event) {
      std::lock_guard guard(mutex_);
      if (const auto* p = std::get_if<core::Persisted>(&event)) stored_.push_back(p->ticket.value);
      if (const auto* p = std::get_if<core::PersistFailed>(&event)) {
        failed_.push_back(p->ticket.value);
        reason_ = p->reason;
      }
    };
  }
  std::vector<uint64_t> stored() { return locked(stored_); }
  std::vector<uint64_t> failed() { return locked(failed_); }
  std::string reason() { return locked(reason_); }

 private:
  template <class T>
  T locked(const T& value) {
    std::lock_guard guard(mutex_);
    return value;
  }

  std::mutex mutex_;
  std::vector<uint64_t> stored_, failed_;
  std::string reason_;
};

class StoreTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open() { return Store::open(dir_.string(), answers_.take()); }
  std::unique_ptr<Store> opened() {
    auto result = open();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error());
    return result.ok() ? std::move(*result) : nullptr;
  }
  std::string refusal() {
    auto result = open();
    return result.ok() ? "" : result.error();
  }
  static mode_t mode(const fs::path& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  static core::Persist request(uint64_t ticket, std::vector<core::Write> writes) {
    return core::Persist{StoreTicket(ticket), std::move(writes)};
  }

  const testing_files::TempFolder root_;
  const fs::path dir_ = root_ / "deep" / "state";
  Answers answers_;
};

TEST_F(StoreTest, KeepsWhatWasPersisted) {
  const std::string binary("\0\xff\n", 3);
  {
    auto store = opened();
    EXPECT_TRUE(store->take_stored().empty());
    store->persist(request(1, {{"a", "1"}, {"b", binary}, {"empty", ""}}));
    store->persist(request(2, {{"a", "2"}, {"gone", "x"}}));
    store->persist(request(3, {{"gone", std::nullopt}, {"never", std::nullopt}}));
  }
  EXPECT_EQ(answers_.stored(), (std::vector<uint64_t>{1, 2, 3}));
  auto store = opened();
  EXPECT_EQ(store->take_stored(), (core::Stored{{"a", "2"}, {"b", binary}, {"empty", ""}}));
}

TEST_F(StoreTest, IsForItsOwnerAlone) {
  const mode_t before = umask(0);
  opened()->put("x", "y");
  umask(before);
  EXPECT_EQ(mode(dir_), 0700u);
  EXPECT_EQ(mode(dir_ / kDatabaseName), 0600u);
  EXPECT_EQ(mode(dir_ / kLockName), 0600u);
  fs::permissions(dir_, fs::perms(0755));
  auto store = opened();
  EXPECT_EQ(mode(dir_), 0700u);
  store->persist(request(1, {{"a", "1"}}));
  store->flush();
  EXPECT_EQ(mode(dir_ / "cluster.db-wal"), 0600u);
}

TEST_F(StoreTest, AnswersManyTicketsInOrder) {
  auto store = opened();
  std::vector<uint64_t> expected;
  for (uint64_t i = 1; i <= 3000; ++i) {
    store->persist(request(i, {{"key" + std::to_string(i % 7), std::to_string(i)}}));
    expected.push_back(i);
  }
  store->flush();
  EXPECT_EQ(answers_.stored(), expected);
  store.reset();
  EXPECT_EQ(opened()->take_stored().at("key" + std::to_string(3000 % 7)), "3000");
}

TEST_F(StoreTest, KeepsTheShellsValuesApart) {
  {
    auto store = opened();
    EXPECT_EQ(store->get("k"), std::nullopt);
    std::thread other([&] { store->put("k", "v"); });
    other.join();
    EXPECT_EQ(store->get("k"), "v");
    store->put("gone", "v");
    store->put("gone", std::nullopt);
  }
  auto store = opened();
  EXPECT_TRUE(store->take_stored().empty());
  EXPECT_EQ(store->get("k"), "v");
  EXPECT_EQ(store->get("gone"), std::nullopt);
}

TEST_F(StoreTest, BelongsToOneInstance) {
  auto store = opened();
  const std::string reason = refusal();
  EXPECT_NE(reason.find("in use by another clusterd, process " + std::to_string(getpid())),
            std::string::npos)
      << reason;
  store.reset();
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreTest, RefusesADamagedDatabase) {
  fs::create_directories(dir_);
  std::ofstream(dir_ / kDatabaseName) << std::string(9000, 'z');
  EXPECT_NE(refusal().find("is damaged"), std::string::npos) << refusal();
}

TEST_F(StoreTest, RefusesADatabaseWithATornPage) {
  {
    auto store = opened();
    for (uint64_t i = 1; i < 500; ++i)
      store->persist(request(i, {{"key" + std::to_string(i), std::string(300, 'v')}}));
  }
  std::fstream file(dir_ / kDatabaseName, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3);
  file << std::string(4096, '\x5a');
  file.close();
  EXPECT_NE(refusal().find("is damaged"), std::string::npos) << refusal();
}

TEST_F(StoreTest, RefusesANewerSchema) {
  opened().reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((dir_ / kDatabaseName).c_str(), &db), SQLITE_OK);
  sqlite3_exec(db, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(db);
  EXPECT_NE(refusal().find("newer clusterd (schema 99"), std::string::npos) << refusal();
}

TEST_F(StoreTest, RefusesWhatIsNoFolderOrCannotBeWritten) {
  std::ofstream(root_ / "deep") << "a file";
  EXPECT_NE(refusal().find("deep"), std::string::npos) << refusal();
  EXPECT_NE(Store::open("/proc/nothing/here", answers_.take()).error().find("/proc/nothing"),
            std::string::npos);
}

TEST_F(StoreTest, AFullDiskFailsTheTicketAndNothingElse) {
  fs::create_directories(dir_);
  if (mount("none", dir_.c_str(), "tmpfs", 0, "size=512k") != 0)
    GTEST_SKIP() << "needs the right to mount";
  {
    auto store = opened();
    store->persist(request(1, {{"a", "kept"}}));
    store->flush();
    store->persist(request(2, {{"a", "lost"}, {"b", std::string(1 << 20, 'b')}}));
    store->flush();
    store->persist(request(3, {{"c", "kept"}}));
    store->flush();
    EXPECT_EQ(answers_.stored(), (std::vector<uint64_t>{1, 3}));
    EXPECT_EQ(answers_.failed(), (std::vector<uint64_t>{2}));
    EXPECT_NE(answers_.reason().find("full"), std::string::npos) << answers_.reason();
  }
  EXPECT_EQ(opened()->take_stored(), (core::Stored{{"a", "kept"}, {"c", "kept"}}));
  umount2(dir_.c_str(), MNT_DETACH);
}

TEST_F(StoreTest, ABrutalEndLosesNothingThatWasAnswered) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    // No destructor runs: as by SIGKILL, right after the answer.
    auto store = Store::open(dir_.string(), [&](core::Event) {
      if (write(pipes[1], "x", 1) == 1) _exit(0);
    });
    if (store.ok()) (*store)->persist(request(1, {{"a", "1"}}));
    pause();
    _exit(1);
  }
  char byte = 0;
  EXPECT_EQ(read(pipes[0], &byte, 1), 1);
  int status = 0;
  waitpid(child, &status, 0);
  close(pipes[0]);
  close(pipes[1]);
  EXPECT_EQ(opened()->take_stored(), (core::Stored{{"a", "1"}}));
}

TEST_F(StoreTest, IsReadWithoutBeingChangedAsLongAsNobodyWrites) {
  auto store = opened();
  store->persist({StoreTicket(1), {{"a", "x"}, {"b", std::string("\0y", 2)}}});
  store->flush();
  store.reset();
  const auto read = read_stored(dir_.string());
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, (core::Stored{{"a", "x"}, {"b", std::string("\0y", 2)}}));
  EXPECT_FALSE(read_stored("/nonexistent"));
}

}  // namespace
}  // namespace cluster::store
