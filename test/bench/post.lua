-- For wrk: messages of 4 KiB by HTTP.   wrk -t1 -c50 -d10 -s test/bench/post.lua http://127.0.0.1:8025/email
wrk.method = "POST"
wrk.headers["Content-Type"] = "message/rfc822"
wrk.headers["X-Sender"] = "sender@load.example"
wrk.headers["X-Recipient"] = "recipient@server.example"
wrk.body = "From: sender@load.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-Id: <1@load.example>\r\nSubject: load\r\n\r\n" ..
    string.rep(string.rep("x", 70) .. "\r\n", 55)
