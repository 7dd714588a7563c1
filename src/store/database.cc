#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "posix/fd.h"
#include "store/store.h"

namespace cluster::store {

namespace {

const char* name_of(Table table) { return table == Table::kCore ? "core" : "shell"; }

bool is_damage(int code) { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }

std::string damaged(const std::string& path, const std::string& how) {
  return path + ": the database is damaged (" + how +
         "): put a backup in its place, or move it away and have this host readmitted";
}

}  // namespace

Error Database::failed(const std::string& doing) const {
  const int code = sqlite3_errcode(db_.get());
  if (is_damage(code)) return Error{damaged(path_, sqlite3_errmsg(db_.get()))};
  std::string text = path_ + ": " + doing + ": " + sqlite3_errmsg(db_.get());
  if (const int error = sqlite3_system_errno(db_.get());
      error != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL))
    text += std::string(" (") + strerror(error) + ")";
  return Error{text};
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(sql);
  return {};
}

Result<Database::Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
    return failed(sql);
  return Statement(raw);
}

Result<int> Database::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return Error{statement.error()};
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return failed(sql);
  return sqlite3_column_int(statement->get(), 0);
}

Result<Database> Database::open(const std::string& path) {
  // SQLite would create it by the umask; its log takes the mode of the database.
  if (const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)); !fd)
    return Error{path + ": cannot be opened for writing: " + strerror(errno)};
  auto database = connect(path, SQLITE_OPEN_READWRITE);
  if (!database) return database;
  if (Status ready = database->set_up(); !ready) return Error{ready.error()};
  return database;
}

Result<Database> Database::open_to_read(const std::string& path) {
  return connect(path, SQLITE_OPEN_READONLY);
}

Result<Database> Database::connect(const std::string& path, int access) {
  Database database(path);
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, access | SQLITE_OPEN_NOMUTEX, nullptr);
  database.db_.reset(raw);
  if (opened != SQLITE_OK) return database.failed("open");
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return database;
}

Status Database::set_up() {
  sqlite3_extended_result_codes(db_.get(), 0);
  const std::string cache = "PRAGMA cache_size=-" + std::to_string(kCacheKib);
  for (const char* sql : {cache.c_str(), "PRAGMA mmap_size=0", "PRAGMA journal_mode=WAL",
                          "PRAGMA synchronous=FULL", "PRAGMA temp_store=MEMORY"})
    if (Status s = execute(sql); !s) return s;
  const auto version = number("PRAGMA user_version");
  if (!version) return Error{version.error()};
  if (version.value() > kSchemaVersion)
    return Error{path_ + ": written by a newer clusterd (schema " +
                 std::to_string(version.value()) + ", this one knows " +
                 std::to_string(kSchemaVersion) + "): upgrade this host"};
  if (Status whole = check_whole(); !whole) return whole;
  if (version.value() < kSchemaVersion) {
    const std::string sql =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS core(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS shell(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
        "PRAGMA user_version=" +
        std::to_string(kSchemaVersion) + ";COMMIT";
    if (Status s = execute(sql.c_str()); !s) return s;
  }
  // Checkpoints are ours, after the answers have gone out, and not in the middle of a commit.
  sqlite3_wal_hook(
      db_.get(),
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
      },
      log_pages_.get());
  for (Table table : {Table::kCore, Table::kShell}) {
    const auto at = static_cast<size_t>(table);
    auto upsert = prepare(std::string("INSERT INTO ") + name_of(table) +
                          "(key,value) VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET value=?2");
    if (!upsert) return Error{upsert.error()};
    auto erase = prepare(std::string("DELETE FROM ") + name_of(table) + " WHERE key=?1");
    if (!erase) return Error{erase.error()};
    upsert_[at] = std::move(*upsert);
    erase_[at] = std::move(*erase);
  }
  return {};
}

Status Database::check_whole() {
  auto check = prepare("PRAGMA quick_check(1)");
  if (!check) return Error{check.error()};
  if (sqlite3_step(check->get()) != SQLITE_ROW) return failed("quick_check");
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(check->get(), 0));
  if (text == nullptr || std::string(text) != "ok")
    return Error{damaged(path_, text != nullptr ? text : "quick_check")};
  return {};
}

Result<Values> Database::load(Table table) {
  auto rows = prepare(std::string("SELECT key,value FROM ") + name_of(table));
  if (!rows) return Error{rows.error()};
  const auto bytes = [&](int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(rows->get(), column));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(rows->get(), column));
    return size == 0 ? std::string() : std::string(data, size);
  };
  Values values;
  int result = 0;
  while ((result = sqlite3_step(rows->get())) == SQLITE_ROW) values[bytes(0)] = bytes(1);
  if (result != SQLITE_DONE) return failed("read");
  return values;
}

Result<std::optional<std::string>> Database::get(Table table, const std::string& key) {
  auto row = prepare(std::string("SELECT value FROM ") + name_of(table) + " WHERE key=?1");
  if (!row) return Error{row.error()};
  sqlite3_bind_text64(row->get(), 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  const int result = sqlite3_step(row->get());
  if (result == SQLITE_DONE) return std::optional<std::string>();
  if (result != SQLITE_ROW) return failed("read");
  const auto* data = static_cast<const char*>(sqlite3_column_blob(row->get(), 0));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(row->get(), 0));
  return std::optional(size == 0 ? std::string() : std::string(data, size));
}

Status Database::begin() { return execute("BEGIN IMMEDIATE"); }
Status Database::commit() { return execute("COMMIT"); }

void Database::rollback() {
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(db_.get()) == 0)
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status Database::put(Table table, const std::string& key, const std::optional<std::string>& value) {
  const auto at = static_cast<size_t>(table);
  sqlite3_stmt* statement = (value ? upsert_ : erase_)[at].get();
  sqlite3_bind_text64(statement, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (value) sqlite3_bind_blob64(statement, 2, value->data(), value->size(), SQLITE_STATIC);
  const int result = sqlite3_step(statement);
  Status status;
  if (result != SQLITE_DONE) status = failed("write");
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

void Database::checkpoint_if_grown() {
  if (*log_pages_ < kCheckpointPages) return;
  sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  *log_pages_ = 0;
}

}  // namespace cluster::store
