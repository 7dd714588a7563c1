#include "store/store.h"

#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "store/database.h"
#include "store/lock_file.h"

namespace cluster::store {

namespace {

// One transaction; more waits for the next, so that the first answers are not late.
constexpr size_t kMaxRequestsPerCommit = 512;

using ShellWrite = core::Write;
using Request = std::variant<core::Persist, ShellWrite>;

class SqliteStore final : public Store {
 public:
  SqliteStore(LockFile lock, Database database, core::Stored stored, Values shell, Answer answer)
      : lock_(std::move(lock)),
        database_(std::move(database)),
        stored_(std::move(stored)),
        answer_(std::move(answer)),
        shell_(std::move(shell)) {
    // Signals are for the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~SqliteStore() override {
    {
      std::lock_guard guard(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  core::Stored take_stored() override { return std::move(stored_); }

  void persist(core::Persist request) override { push(std::move(request)); }

  std::optional<std::string> get(const std::string& key) override {
    std::lock_guard guard(mutex_);
    const auto it = shell_.find(key);
    if (it == shell_.end()) return std::nullopt;
    return it->second;
  }

  void put(const std::string& key, std::optional<std::string> value) override {
    {
      std::lock_guard guard(mutex_);
      if (value) {
        shell_[key] = *value;
      } else {
        shell_.erase(key);
      }
    }
    push(ShellWrite{key, std::move(value)});
  }

  void flush() override {
    std::unique_lock guard(mutex_);
    idle_.wait(guard, [this] { return waiting_.empty() && !busy_; });
  }

 private:
  void push(Request request) {
    {
      std::lock_guard guard(mutex_);
      waiting_.push_back(std::move(request));
    }
    wake_.notify_one();
  }

  void work() {
    std::vector<Request> batch;
    std::unique_lock guard(mutex_);
    while (true) {
      wake_.wait(guard, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      while (!waiting_.empty() && batch.size() < kMaxRequestsPerCommit) {
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      busy_ = true;
      guard.unlock();
      store(batch);
      batch.clear();
      guard.lock();
      busy_ = false;
      if (waiting_.empty()) idle_.notify_all();
    }
  }

  void store(const std::vector<Request>& batch) {
    const Status stored = write(batch);
    if (!stored) database_.rollback();
    for (const Request& request : batch) {
      const auto* asked = std::get_if<core::Persist>(&request);
      if (asked == nullptr) continue;
      if (stored) {
        answer_(core::Persisted{asked->ticket});
      } else {
        answer_(core::PersistFailed{asked->ticket, stored.error()});
      }
    }
    database_.checkpoint_if_grown();
  }

  Status write(const std::vector<Request>& batch) {
    if (Status s = database_.begin(); !s) return s;
    for (const Request& request : batch) {
      if (const auto* own = std::get_if<ShellWrite>(&request)) {
        if (Status s = database_.put(Table::kShell, own->key, own->value); !s) return s;
        continue;
      }
      for (const core::Write& w : std::get<core::Persist>(request).writes)
        if (Status s = database_.put(Table::kCore, w.key, w.value); !s) return s;
    }
    return database_.commit();
  }

  const LockFile lock_;  // outlives the database
  Database database_;    // the thread's, once it runs
  core::Stored stored_;
  const Answer answer_;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Request> waiting_;
  Values shell_;
  bool busy_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& state_dir, Answer answer,
                                           LockFile held) {
  if (Status folder = prepare_folder(state_dir); !folder) return Error{folder.error()};
  auto lock =
      held ? Result<LockFile>(std::move(held)) : LockFile::take(state_dir + "/" + kLockName);
  if (!lock) return Error{lock.error()};
  auto database = Database::open(state_dir + "/" + kDatabaseName);
  if (!database) return Error{database.error()};
  auto stored = database->load(Table::kCore);
  if (!stored) return Error{stored.error()};
  auto shell = database->load(Table::kShell);
  if (!shell) return Error{shell.error()};
  return std::unique_ptr<Store>(
      std::make_unique<SqliteStore>(std::move(*lock), std::move(*database), std::move(*stored),
                                    std::move(*shell), std::move(answer)));
}

Result<core::Stored> read_stored(const std::string& state_dir) {
  auto database = Database::open_to_read(state_dir + "/" + kDatabaseName);
  if (!database) return Error{database.error()};
  return database->load(Table::kCore);
}

}  // namespace cluster::store
