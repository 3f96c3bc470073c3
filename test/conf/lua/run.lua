local function f()
    return smtp_edgee:set_timeout(5)
end
f()
