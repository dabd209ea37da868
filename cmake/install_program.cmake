# Where the program, its manual pages, its completions and its configuration go. Pages and completions
# are what the program itself says of its options.
include(GNUInstallDirs)

set(generated ${CMAKE_BINARY_DIR}/generated)
install(CODE "
  file(MAKE_DIRECTORY ${generated})
  foreach(pair man=keyhole.1 man5=keyhole.toml.5 bash=keyhole zsh=_keyhole fish=keyhole.fish sbom=keyhole.cdx.json)
    string(REPLACE \"=\" \";\" pair \${pair})
    list(GET pair 0 what)
    list(GET pair 1 name)
    execute_process(COMMAND ${CMAKE_BINARY_DIR}/keyhole generate \${what}
                    OUTPUT_FILE ${generated}/\${name} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
" COMPONENT program)

install(TARGETS keyhole RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(FILES ${generated}/keyhole.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${generated}/keyhole.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT program)
install(FILES ${generated}/keyhole
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${generated}/_keyhole
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${generated}/keyhole.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
install(FILES configs/keyhole.toml configs/keyhole.service configs/keyhole.socket configs/keyhole.logrotate
              configs/grafana-dashboard.json configs/alerting_rules.yml configs/prometheus.yml
        DESTINATION ${CMAKE_INSTALL_DATADIR}/keyhole COMPONENT program)
install(FILES README.md CHANGELOG.md docs/operations.md docs/security.md docs/metrics.md docs/http.md
              ${generated}/keyhole.cdx.json
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
