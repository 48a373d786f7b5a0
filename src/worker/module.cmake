# Libraries that may block or that parse what strangers sent; no other program links them.
target_link_libraries(posada-worker PRIVATE argon2 pam)
