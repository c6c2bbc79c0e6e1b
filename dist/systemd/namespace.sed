# SPDX-License-Identifier: GPL-2.0-or-later
# Makes of a unit for the machine's main network namespace one for that which an instance is named after: pinhole@blue.service
# runs in the network namespace `blue`, as `ip netns` makes it.
#
# `ip netns exec` is for what is run with all privileges: for that, systemd leaves the files as they are. It shows
# /etc/netns/blue/pinhole as /etc/pinhole, and so does the line BindReadOnlyPaths for all else.
s/^Description=.*/& in the network namespace %i/
/^[A-Z]/s/\<pinhole\(-rules-watch\|-rules\|\)\.service/pinhole\1@%i.service/g
/^\[Unit\]/a AssertPathExists=/run/netns/%i
/^\[Service\]/a NetworkNamespacePath=/run/netns/%i
/^\[Service\]/a BindReadOnlyPaths=-/etc/netns/%i/pinhole:/etc/pinhole
s|^\(Exec[A-Za-z]*=-\{0,1\}+\)|\1/sbin/ip netns exec %i |
s/^RuntimeDirectory=.*/RuntimeDirectory=pinhole-%i/
