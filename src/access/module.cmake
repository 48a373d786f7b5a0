# The contract tests run the real sign-in helper, with a PAM module of their own.
if(POSADA_TESTS)
  add_library(posada_test_pam MODULE EXCLUDE_FROM_ALL
    ${CMAKE_SOURCE_DIR}/tests/support/pam_module.cc)
  target_link_libraries(posada_test_pam PRIVATE pam)
  target_link_options(posada_test_pam PRIVATE -Wno-unused-command-line-argument)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL add_dependencies
    contract_access posada-worker posada_test_pam)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL add_dependencies
    contract_api posada-worker)
endif()
