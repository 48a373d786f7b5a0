// Answers of the API as the field's tools print them: scripts read these columns and lines.
#pragma once

#include <string>

#include "app/cli/families.h"
#include "base/json.h"

namespace posada::app {

std::string machine_list(const json::value& answer, const Look& look);
std::string container_list(const json::value& answer, const Look& look);
std::string storage_status(const json::value& answer, const Look& look);
std::string storage_content(const json::value& answer, const Look& look);
std::string template_list(const json::value& answer, const Look& look);

std::string config_lines(const json::value& answer, const Look& look);   // `key: value`
std::string pending_lines(const json::value& answer, const Look& look);  // cur, new, del
std::string status_lines(const json::object& status, bool verbose);
std::string snapshot_tree(const json::value& answer, const Look& look);
std::string agent_answer(const json::value& answer, const Look& look);
std::string volume_made(const json::value& answer, const Look& look);
std::string volume_path(const json::value& answer, const Look& look);
std::string permission_lines(const json::value& answer, const Look& look);
std::string ticket_text(const json::value& answer, const Look& look);
std::string log_lines(const json::value& answer, const Look& look);
std::string plain_text(const json::value& answer, const Look& look);
// The command is text for a shell; that it is an equivalent goes to standard error.
std::string command_line_text(const json::value& answer, const Look& look);

}  // namespace posada::app
