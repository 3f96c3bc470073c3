-- a banner code that is none, and a text the banner does not know
smtp_edge:set_banner_message(250, "x")
smtp_edge:set_timeout(1e8)
