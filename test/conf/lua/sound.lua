local hostname = ratchet.socket.gethostname()
smtp_edge:set_banner_message("220", "mx.example.net ESMTP")
smtp_edge:set_max_message_size(78643200)
smtp_edge:set_timeout(30.0)
