// One SQLite connection and its prepared statements, with SQLite's errors as Errors that name the
// file and say what can be done. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/error.h"

namespace posada::store {

class Database {
 public:
  // Creates the file (mode 0600) when it is absent. WAL with full sync, for this process alone.
  explicit Database(std::string file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  [[noreturn]] void fail(std::string_view action) const;
  sqlite3* handle() const { return handle_; }
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  sqlite3* handle_ = nullptr;
};

// Begins an SQL transaction; rolls it back unless committed.
class SqlTransaction {
 public:
  explicit SqlTransaction(Database& database);
  ~SqlTransaction();
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

class Statement {
 public:
  Statement(Database& database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // A run of the statement over its rows; bound texts must live as long as the run.
  class Rows {
   public:
    explicit Rows(Statement& statement) : statement_(statement) {}
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    bool next();
    std::string text(int column) const;
    std::uint64_t integer(int column) const;
    bool is_null(int column) const;

   private:
    Statement& statement_;
  };

  template <class... Values>
  Rows query(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return Rows(*this);
  }
  template <class... Values>
  void run(const Values&... values) {
    Rows rows = query(values...);
    while (rows.next()) {
    }
  }

 private:
  void bind(int index, std::string_view text);
  void bind(int index, std::uint64_t number);
  void bind(int index, std::nullptr_t);
  void check_bind(int result) const;

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace posada::store
