# Libraries that may block or that parse what strangers sent; no other program links them.
find_package(CURL 7.85 REQUIRED)
find_package(LibArchive 3.6 REQUIRED)
target_link_libraries(posada-worker PRIVATE argon2 pam CURL::libcurl LibArchive::LibArchive)
# Contract tests that start this program.
foreach(test contract_storage contract_telemetry contract_ct contract_vm)
  if(TARGET ${test})
    add_dependencies(${test} posada-worker)
  endif()
endforeach()
# librrd itself is loaded by the one mode that needs it (worker/rrd_file.h).
find_path(POSADA_RRD_INCLUDE rrd.h REQUIRED)
target_include_directories(posada-worker SYSTEM PRIVATE ${POSADA_RRD_INCLUDE})
target_link_libraries(posada-worker PRIVATE ${CMAKE_DL_LIBS})
