# liblxc: this program alone links it.
pkg_check_modules(LXC REQUIRED IMPORTED_TARGET lxc)
target_link_libraries(posada-lxc PRIVATE PkgConfig::LXC)
if(TARGET contract_ct)
  add_dependencies(contract_ct posada-lxc)
endif()
