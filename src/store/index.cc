#include "store/index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <utility>

namespace cluster::store {

Result<std::unique_ptr<Index>> Index::open(const std::string& state_dir, std::string* lost) {
  const std::string path = state_dir + "/" + kIndexName;
  auto database = Database::open(path);
  auto stored = database ? database->load(Table::kCore) : Result<Values>(Error{database.error()});
  if (!stored) {
    const std::string why = stored.error();
    if (why.find("is damaged") == std::string::npos) return Error{why};
    const std::string aside = path + ".damaged";
    if (rename(path.c_str(), aside.c_str()) != 0)
      return Error{why + "; and it cannot be moved away: " + strerror(errno)};
    for (const char* end : {"-wal", "-shm"}) (void)remove((path + end).c_str());
    *lost = path + " was damaged, and is now " + aside + ": the files are looked at anew";
    database = Database::open(path);
    if (!database) return Error{database.error()};
    stored = Values();
  }
  std::unique_ptr<Index> index(new Index(std::move(*database)));
  index->stored_ = std::move(*stored);
  return index;
}

Status Index::write(const std::vector<sync::IndexWrite>& writes) {
  const auto all = [&]() -> Status {
    if (Status s = database_.begin(); !s) return s;
    for (const sync::IndexWrite& write : writes)
      if (Status s = database_.put(Table::kCore, write.key, write.value); !s) return s;
    return database_.commit();
  };
  Status done = all();
  if (!done) database_.rollback();
  database_.checkpoint_if_grown();
  return done;
}

Result<std::optional<std::string>> Index::nodes(const std::string& digest) {
  return database_.get(Table::kShell, digest);
}

Status Index::keep_nodes(const std::string& digest, const std::string& nodes) {
  return database_.put(Table::kShell, digest, nodes);
}

}  // namespace cluster::store
