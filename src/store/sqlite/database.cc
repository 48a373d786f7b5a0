#include "store/sqlite/database.h"

#include <cerrno>

#include "sys/file.h"

namespace posada::store {

namespace {

// A text that names the directory whose file system must get room again.
std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

}  // namespace

Database::Database(std::string file) : file_(std::move(file)) {
  // SQLite would create the file readable for all; its journal takes the mode of the file.
  if (!sys::exists(file_)) sys::write_file(file_, "", 0600);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr);
  try {
    if (result != SQLITE_OK) fail("open");
    // Exclusive locking keeps a second daemon out, and keeps the WAL index in our memory instead of
    // a mapped file that a full disk would turn into SIGBUS.
    execute("PRAGMA locking_mode=EXCLUSIVE");
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute("PRAGMA foreign_keys=ON");
    execute("PRAGMA journal_size_limit=16777216");
    execute("BEGIN IMMEDIATE; COMMIT");
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("use");
}

void Database::fail(std::string_view action) const {
  const int code = sqlite3_extended_errcode(handle_);
  const int number = sqlite3_system_errno(handle_);
  const std::string store = "the store '" + file_ + "'";
  const Error::Texts arguments{{"file", file_}};
  const bool io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if ((code & 0xff) == SQLITE_FULL || (io && (number == ENOSPC || number == EDQUOT))) {
    throw Error::failed("store.full", "cannot write to " + store + ": no space left on device",
                        arguments)
        .with_hint("Nothing of this change was written. Free space on the file system of '" +
                   folder_of(file_) + "' and try again.");
  }
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) {
    throw Error::failed("store.in-use", store + " is in use by another process", arguments)
        .with_hint("Only one daemon can use a data folder; stop the other one first.");
  }
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) {
    throw Error::failed("store.damaged",
                        store + " is damaged: " + std::string(sqlite3_errmsg(handle_)), arguments)
        .with_hint("Keep a copy of the file and put back the last good one.");
  }
  throw Error::failed(
      "store.failed",
      "cannot " + std::string(action) + " " + store + ": " + std::string(sqlite3_errmsg(handle_)),
      arguments);
}

SqlTransaction::SqlTransaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

SqlTransaction::~SqlTransaction() {
  // Some faults (a full disk) have ended the transaction already.
  if (open_ && sqlite3_get_autocommit(database_.handle()) == 0) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void SqlTransaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  if (sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_,
                         nullptr) != SQLITE_OK) {
    database.fail("use");
  }
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL instead of the empty text.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  check_bind(sqlite3_bind_text64(handle_, index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, std::uint64_t number) {
  check_bind(sqlite3_bind_int64(handle_, index, static_cast<sqlite3_int64>(number)));
}

void Statement::bind(int index, std::nullptr_t) {
  check_bind(sqlite3_bind_null(handle_, index));
}

void Statement::check_bind(int result) const {
  if (result != SQLITE_OK) database_.fail("use");
}

Statement::Rows::~Rows() {
  sqlite3_reset(statement_.handle_);
  sqlite3_clear_bindings(statement_.handle_);
}

bool Statement::Rows::next() {
  const int result = sqlite3_step(statement_.handle_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) statement_.database_.fail("use");
  return false;
}

std::string Statement::Rows::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_.handle_, column);
  const int size = sqlite3_column_bytes(statement_.handle_, column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::uint64_t Statement::Rows::integer(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.handle_, column));
}

bool Statement::Rows::is_null(int column) const {
  return sqlite3_column_type(statement_.handle_, column) == SQLITE_NULL;
}

}  // namespace posada::store
