#!/bin/sh
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes a container look like a machine, then becomes systemd. Given in the environment: LAB_RESOLVERS, LAB_GATEWAY, LAB_ROUTES, LAB_IPV6, LAB_PROVIDER.
set -eu

# systemd needs a tree of control groups that it may write to, and since 257 of version 2.
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# The network's kernel settings are the host's own and can be set; all others belong to the machine that runs the lab.
mount -o remount,rw /proc/sys
for tree in /proc/sys/*; do
  [ "$tree" = /proc/sys/net ] && continue
  mount --bind "$tree" "$tree"
  mount -o remount,ro,bind "$tree"
done

# The engine mounts its own files over these three; beneath lie the host's, which survive a restart.
for file in hostname hosts resolv.conf; do
  umount "/etc/$file"
done

if [ ! -e /var/lib/mailforest-lab/seeded ]; then # the first boot, as an installer leaves it
  hostname > /etc/hostname
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n' \
    "$(hostname)" > /etc/hosts
  for address in $LAB_RESOLVERS; do
    echo "nameserver $address"
  done > /etc/resolv.conf
  ssh-keygen -A > /dev/null
  mkdir -p /var/lib/mailforest-lab
  touch /var/lib/mailforest-lab/seeded
fi

# The engine puts rules for its own name server into every container.
nft flush ruleset

# What DHCP does for a real host, on every boot.
ip route replace default via "$LAB_GATEWAY"
# Any route that the host itself sets up comes before these, that of an office that stands in for another too: they are the
# Internet, which would pass everything on.
for route in $LAB_ROUTES; do
  ip route replace "${route%=*}" via "${route#*=}" metric 65536
done
# Engines switch IPv6 off, on loopback too, where a machine always has it: what speaks to its own IPv6 address would wait for ever.
if [ -e /proc/sys/net/ipv6/conf/lo/disable_ipv6 ]; then echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6; fi
# The interface is known by its IPv4 address: the engine numbers interfaces anew at each start.
for pair in $LAB_IPV6; do
  interface=$(ip -o -4 addr show to "${pair%=*}" | awk '{ print $2 }')
  echo 0 > "/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
  ip -6 addr replace "${pair#*=}" dev "$interface" nodad
done

if [ -n "$LAB_PROVIDER" ]; then
  echo 1 > /proc/sys/net/ipv4/ip_forward
  nft "add table ip lab
    add chain ip lab leaving { type nat hook postrouting priority srcnat; }
    add rule ip lab leaving oifname $(ip route show default | awk '{ print $5 }') masquerade"
fi

exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=docker /lib/systemd/systemd
