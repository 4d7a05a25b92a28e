#!/bin/sh
# SPDX-License-Identifier: MIT
#
# More programs of Debian's on Lua on Terrier than test/lua/programs.sh runs: a server that keeps
# one state for long, one that runs Lua in a forked child, one among many other libraries, and one
# that writes much.

set -u

. "$(dirname "$0")/../lua/lib/programs.sh"

[ -n "${TERRIER_THOROUGH:-}" ] || skip "only in thorough runs (make check-thorough)"

# wait_for COMMAND...: until it succeeds, for up to twenty seconds.
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.05
    done
}

# ---- gnuplot: many strings and small tables ------------------------------------------------------

cat >plot.gp <<'END'
set terminal lua tikz
set output "plot.tex"
set samples 1000
plot for [i=1:40] sin(i*x)/i
END
compare gnuplot gnuplot plot.tex gnuplot plot.gp

# ---- lighttpd: requests by the hundred to one state ----------------------------------------------

cat >page.lua <<'END'
calls = (calls or 0) + 1
local parts, sum = {}, 0
for i = 1, 2000 do
  local entry = {tostring(i), ("x"):rep(i % 50)}
  parts[i] = entry[1] .. entry[2]
  sum = (sum * 31 + #parts[i]) % 1000003
end
lighty.header["Content-Type"] = "text/plain"
lighty.content = {lighty.env["uri.path"], " ", calls, " ", sum, " ", table.concat(parts):sub(-90),
  "\n"}
return 200
END
cat >lighttpd.conf <<END
server.document-root = "$temp"
server.bind = "$temp/socket"
server.errorlog = "$temp/lighttpd.log"
server.modules = ("mod_magnet")
magnet.attract-raw-url-to = ("$temp/page.lua")
END
cat >ask.py <<'END'
import socket, sys

def ask(number):
    s = socket.socket(socket.AF_UNIX)
    s.connect("socket")
    s.sendall(b"GET /page/%d HTTP/1.0\r\n\r\n" % number)
    answer = b""
    while True:
        more = s.recv(65536)
        if not more:
            return answer.split(b"\r\n\r\n", 1)[1].decode()
        answer += more

for number in range(int(sys.argv[1]), int(sys.argv[2])):
    sys.stdout.write(ask(number))
END

# resident PROCESS: its memory in KiB.
resident() {
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# What the server takes levels off: after its first hundred requests it hardly grows.
serve() {
    rm -f socket
    lighttpd -D -f lighttpd.conf >&2 &
    server=$!
    if wait_for [ -S socket ]; then
        python3 ask.py 0 100
        before=$(resident $server)
        python3 ask.py 100 400
        after=$(resident $server)
        [ "$after" -lt $((before + 2048)) ] || echo "grew from $before to $after KiB"
    fi
    kill -INT $server
    wait $server
    echo "exit $?"
}

if [ -e /usr/lib/lighttpd/mod_magnet.so ] && command -v python3 >/dev/null; then
    compare lighttpd lighttpd - serve
    [ ! -e stock.out ] || [ "$(grep -c '^/page/' stock.out)" -eq 400 ] ||
        fail "lighttpd: not 400 answers"
else
    echo "lighttpd: mod_magnet.so (of lighttpd-modules-lua) or python3 is not here"
fi

# ---- dnsmasq: Lua in a forked child --------------------------------------------------------------

# It is told where to write, as dnsmasq works in another folder.
cat >leases.lua <<'END'
local out = io.open(os.getenv("LEASES_OUT"), "w")
local all, calls = {}, 0

function init()
  for i = 1, 100000 do all[i % 1000 + 1] = {i, "host" .. i} end
  local sum = 0
  for _, entry in ipairs(all) do sum = sum + entry[1] + #entry[2] end
  out:write("init ", sum, "\n")
  out:flush()
end

function lease(what, about)
  local fields = {}
  for _, name in ipairs{"hostname", "ip_address", "mac_address", "interface"} do
    fields[#fields + 1] = name .. "=" .. tostring(about[name])
  end
  for i = 1, 2000 do all[i % 1000 + 1] = {i, what .. i} end
  calls = calls + 1
  out:write(what, " ", table.concat(fields, " "), "\n")
end

function shutdown()
  out:write("shutdown ", calls, "\n")
  out:close()
end
END

# Leases that never end; its child is told of each, and of the end.
lend() {
    rm -f leases.out
    for i in $(seq 10 99); do
        echo "0 02:00:00:00:00:$i 127.0.0.$i host$i *"
    done >leases
    export LEASES_OUT="$temp/leases.out"
    dnsmasq -k --port=0 --conf-file=/dev/null --interface=lo --bind-interfaces \
        --dhcp-alternate-port=10067 --dhcp-range=127.0.0.2,127.0.0.99 \
        --dhcp-luascript="$temp/leases.lua" --dhcp-scriptuser=root --user=root \
        --dhcp-leasefile="$temp/leases" --pid-file="$temp/pid" --log-facility=- &
    server=$!
    wait_for [ -s leases.out ]
    kill -TERM $server
    wait $server
    wait_for grep -q '^shutdown ' leases.out
}

if [ "$(id -u)" -ne 0 ]; then
    echo "dnsmasq: only root may lend addresses"
elif ! dnsmasq --version 2>/dev/null | grep -q ' Lua '; then
    echo "dnsmasq: it is not here with Lua (dnsmasq-base-lua)"
else
    compare dnsmasq dnsmasq leases.out lend
fi

# ---- neomutt: among many other libraries ---------------------------------------------------------

cat >mutt.lua <<'END'
local words, sum = {}, 0
for i = 1, 200000 do words[i % 500 + 1] = {i, ("w"):rep(i % 30) .. i} end
for _, word in ipairs(words) do sum = sum + word[1] + #word[2] end
mutt.set("from", "n" .. sum .. "@example.org")
mutt.set("pager_context", #words)
mutt.call("set", "index_format='%4C " .. sum .. "'")
END
cat >neomuttrc <<END
lua-source $temp/mutt.lua
lua mutt.set('attach_sep',string.rep('ab',#mutt.get('from')))
END
compare neomutt neomutt - neomutt -n -F neomuttrc -D
[ ! -e stock.out ] || ! command -v neomutt >/dev/null ||
    grep -q '^set from = "n99885420@' stock.out || fail "neomutt: Lua has not set anything"

# ---- Of Debian 13: in 12 these have another Lua --------------------------------------------------

# links_lua PROGRAM: says so where it does not.
links_lua() {
    if ! command -v "$1" >/dev/null; then
        echo "$1 is not here"
        return 1
    fi
    ldd "$(command -v "$1")" | grep -q 'liblua5\.4\.so\.0' && return
    echo "$1 of this release has no liblua5.4.so.0"
    return 1
}

# haproxy limits Lua's memory by an allocator of its own.
cat >proxy.lua <<'END'
local all, sum = {}, 0
for i = 1, 200000 do all[i % 1000 + 1] = {i, "name" .. i} end
for _, entry in ipairs(all) do sum = sum + entry[1] + #entry[2] end
local weak = setmetatable({}, {__mode = "v"})
for i = 1, 100 do weak[i] = {} end
collectgarbage()
print("haproxy", sum, #weak)
core.register_action("count", {"http-req"}, function() end)
END
cat >haproxy.cfg <<END
global
    tune.lua.maxmem 64
    lua-load $temp/proxy.lua
defaults
    mode http
    timeout client 1s
    timeout server 1s
    timeout connect 1s
frontend front
    bind unix@$temp/front
    http-request lua.count
    default_backend back
backend back
    server one unix@$temp/back
END
! links_lua haproxy || compare haproxy haproxy - haproxy -c -V -f haproxy.cfg

# nmap runs each script in a coroutine; lines with times and versions are left out.
cat >sum.nse <<'END'
description = "sums up" author = "nobody" license = "none" categories = {"safe"}
local stdnse = require "stdnse"
portrule = function() return true end
hostrule = portrule
action = function(host, port)
  local kept, sum = {}, 0
  for i = 1, 5000 do
    kept[i % 50 + 1] = coroutine.wrap(function() coroutine.yield({i, "s" .. i}) end)()
  end
  for _, entry in ipairs(kept) do sum = sum + entry[1] end
  stdnse.sleep(0.001)
  return ("sum %d"):format(sum)
end
END
scan() {
    nmap -n -Pn -sT -p 1-40 --script "$temp/sum.nse" 127.0.0.1 |
        sed '/Starting Nmap/d; /Nmap done/d; /Host is up/d'
}
if links_lua nmap; then
    compare nmap nmap - scan
    grep -q 'sum 248775' stock.out || fail "nmap: the script has not run"
fi

! links_lua highlight ||
    compare highlight highlight - highlight -O html -S c -i "$root/src/heap/heap.c"

finish
