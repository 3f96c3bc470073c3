smtp_edge:set_validator("RCPT", function(session, reply, address) end)
