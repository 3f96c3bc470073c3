local ssl = ratchet.ssl.new()
ssl:load_certs("nowhere/nowhere.pem")
smtp_edge:enable_tls(ssl)
