-- The documented interface in one script: an SMTP edge with everything it can be told, and an HTTP edge, on one kernel.
-- TEST_* of the environment say what differs from place to place; without TEST_HTTP_PORT there is no HTTP.
require "ratchet"
require "slimta"
require "slimta.edge.smtp"
require "slimta.edge.smtp.auth"
require "slimta.edge.http"
require "slimta.bus"

local hostname = os.getenv("TEST_HOSTNAME") or "slimta.org"
local smtp_port = tonumber(os.getenv("TEST_SMTP_PORT") or 2525)
local http_port = tonumber(os.getenv("TEST_HTTP_PORT"))
local certificate = os.getenv("TEST_CERTIFICATE") or "tls/edge.pem"

local auth_secrets = {alice = "wonderland", bob = "builder"}

local function listen_on(host, port)
    local rec = ratchet.socket.prepare_tcp(host, port)
    local socket = ratchet.socket.new(rec.family, rec.socktype, rec.protocol)
    socket:setsockopt("SO_REUSEADDR", true)
    socket:bind(rec.addr)
    socket:listen()
    return socket
end

local function get_auth_secret(username)
    return auth_secrets[username]
end

local function ensure_secure_and_authed(session, reply, address)
    if not session.authed or session.security ~= "TLS" then
        reply.code = "550"
        reply.message = ("<%s> Not authorized"):format(address)
        reply.enhanced_status_code = "5.7.1"
    end
end

local function run_smtp(bus_client)
    local smtp_edge = slimta.edge.smtp.new(listen_on("127.0.0.1", smtp_port), bus_client)

    smtp_edge:set_banner_message("220", hostname .. " ESMTP Mail Gateway")
    smtp_edge:set_max_message_size(78643200)
    smtp_edge:set_timeout(30.0)

    local ssl = ratchet.ssl.new(ratchet.ssl.TLSv1_server)
    ssl:load_certs(certificate)
    smtp_edge:enable_tls(ssl)

    local auth = slimta.edge.smtp.auth.new()
    auth:add_mechanism("PLAIN", get_auth_secret)
    auth:add_mechanism("LOGIN", get_auth_secret)
    auth:add_mechanism("CRAM-MD5", get_auth_secret, hostname)
    smtp_edge:enable_authentication(auth)

    smtp_edge:set_validator("MAIL", ensure_secure_and_authed)

    while true do
        local callable = smtp_edge:accept()
        ratchet.thread.attach(callable)
    end
end

local function run_http(bus_client)
    local http_edge = slimta.edge.http.new(listen_on("127.0.0.1", http_port), bus_client)

    while true do
        local callable = http_edge:accept()
        ratchet.thread.attach(callable)
    end
end

local function error_handler(err, thread)
    print(debug.traceback(thread, err))
end

local kernel = ratchet.new(function ()
    local bus_server, bus_client = slimta.bus.new_local()

    ratchet.thread.attach(run_smtp, bus_client)
    if http_port then
        ratchet.thread.attach(run_http, bus_client)
    end
end, error_handler)
kernel:loop()
