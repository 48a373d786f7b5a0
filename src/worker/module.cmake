# Libraries that may block or that parse what strangers sent; no other program links them.
find_package(CURL 7.85 REQUIRED)
target_link_libraries(posada-worker PRIVATE argon2 pam CURL::libcurl)
# Its contract tests start this program.
if(TARGET contract_storage)
  add_dependencies(contract_storage posada-worker)
endif()
