#include "store/sqlite/migrations.h"

namespace posada::store {

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> steps{
      {1, R"sql(
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE entry (
          key TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
          created INTEGER NOT NULL, modified INTEGER NOT NULL, lease INTEGER NOT NULL);
        CREATE INDEX entry_lease ON entry (lease) WHERE lease <> 0;
        CREATE TABLE history (
          number INTEGER NOT NULL, key TEXT NOT NULL, value TEXT,
          created INTEGER NOT NULL, lease INTEGER NOT NULL, PRIMARY KEY (number, key));
        CREATE TABLE lease (id INTEGER PRIMARY KEY AUTOINCREMENT, seconds INTEGER NOT NULL);
      )sql"},
  };
  return steps;
}

void migrate(Database& database, const std::vector<Migration>& steps) {
  Statement read(database, "PRAGMA user_version");
  std::uint64_t version = 0;
  {
    Statement::Rows rows = read.query();
    if (rows.next()) version = rows.integer(0);
  }
  if (version > steps.back().to) {
    const std::string found = std::to_string(version);
    const std::string known = std::to_string(steps.back().to);
    throw Error::failed("store.newer",
                        "the store '" + database.file() + "' has schema version " + found +
                            ", this program knows versions up to " + known,
                        {{"file", database.file()}, {"version", found}, {"known", known}})
        .with_hint(
            "Start the newer program that wrote it, or restore a copy from before the upgrade.");
  }
  for (const Migration& step : steps) {
    if (step.to <= version) continue;
    SqlTransaction transaction(database);
    database.execute(step.sql);
    // The version lies in the file's header, so it commits together with the tables.
    database.execute(("PRAGMA user_version=" + std::to_string(step.to)).c_str());
    transaction.commit();
  }
}

}  // namespace posada::store
