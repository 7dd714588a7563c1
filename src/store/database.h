// One SQLite connection, opened and checked, with the few statements that the store needs. Not
// thread-safe; may be handed from one thread to another.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace cluster::store {

using Values = std::map<std::string, std::string>;

inline constexpr int kCacheKib = 256;
inline constexpr int kBusyTimeoutMs = 2000;   // another program reads the file, to back it up
inline constexpr int kCheckpointPages = 256;  // of the write-ahead log, of 4 KiB each

enum class Table : uint8_t { kCore, kShell };

class Database {
 public:
  // Creates it with mode 0600 where it is missing. An error says what is wrong and what helps.
  static Result<Database> open(const std::string& path);

  // To load() alone.
  static Result<Database> open_to_read(const std::string& path);

  Result<Values> load(Table table);
  Result<std::optional<std::string>> get(Table table, const std::string& key);

  Status begin();
  Status commit();
  void rollback();
  Status put(Table table, const std::string& key, const std::optional<std::string>& value);

  // Moves the log into the database if it has grown; readers and the next commit do not wait for it.
  void checkpoint_if_grown();

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit Database(std::string path) : path_(std::move(path)) {}
  static Result<Database> connect(const std::string& path, int access);
  Status execute(const char* sql);
  Result<Statement> prepare(const std::string& sql);
  Result<int> number(const char* sql);
  Status set_up();
  Status check_whole();
  Error failed(const std::string& doing) const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> db_;
  Statement upsert_[2], erase_[2];
  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);
};

}  // namespace cluster::store
