smtp_edge:set_validator("MIAL", print)
