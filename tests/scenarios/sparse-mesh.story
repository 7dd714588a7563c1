# Forty hosts keep ten links each, and see each other all the same.
seed 3
hosts h1..h40
service web h7 h30 h2
tally
boot h1..h40
settle
expect web on h7
expect h1 linked h2
expect h1 linked h3
expect h1 linked h5
expect h1 linked h9
expect h1 linked h17
expect h1 linked h40
expect h1 linked h25
expect h1 unlinked h4
expect h1 unlinked h21
expect h1 sees h21 up
expect h1 reaches h2 direct
----
h1 comes up
h2 comes up
h3 comes up
h4 comes up
h5 comes up
h6 comes up
h7 comes up
h8 comes up
h9 comes up
h10 comes up
h11 comes up
h12 comes up
h13 comes up
h14 comes up
h15 comes up
h16 comes up
h17 comes up
h18 comes up
h19 comes up
h20 comes up
h21 comes up
h22 comes up
h23 comes up
h24 comes up
h25 comes up
h26 comes up
h27 comes up
h28 comes up
h29 comes up
h30 comes up
h31 comes up
h32 comes up
h33 comes up
h34 comes up
h35 comes up
h36 comes up
h37 comes up
h38 comes up
h39 comes up
h40 comes up
h7 starts web (placement)
h7 runs web
  39 hosts see h1 up
  39 hosts see h10 up
  39 hosts see h11 up
  39 hosts see h12 up
  39 hosts see h13 up
  39 hosts see h14 up
  39 hosts see h15 up
  39 hosts see h16 up
  39 hosts see h17 up
  39 hosts see h18 up
  39 hosts see h19 up
  39 hosts see h2 up
  39 hosts see h20 up
  39 hosts see h21 up
  39 hosts see h22 up
  39 hosts see h23 up
  39 hosts see h24 up
  39 hosts see h25 up
  39 hosts see h26 up
  39 hosts see h27 up
  39 hosts see h28 up
  39 hosts see h29 up
  39 hosts see h3 up
  39 hosts see h30 up
  39 hosts see h31 up
  39 hosts see h32 up
  39 hosts see h33 up
  39 hosts see h34 up
  39 hosts see h35 up
  39 hosts see h36 up
  39 hosts see h37 up
  39 hosts see h38 up
  39 hosts see h39 up
  39 hosts see h4 up
  39 hosts see h40 up
  39 hosts see h5 up
  39 hosts see h6 up
  39 hosts see h7 up
  39 hosts see h8 up
  39 hosts see h9 up

# One dies, whose address refuses: all see it at once.
kill-both h20
within 300ms h1 sees h20 down
within 300ms h40 sees h20 down
run 1s
----
h20's engine dies
  39 hosts see h20 down

restart h20
run 3s
expect h1 sees h20 up
expect h20 linked h21
----
h20 comes up
  1 host sees h1 up
  1 host sees h10 up
  1 host sees h11 up
  1 host sees h12 up
  1 host sees h13 up
  1 host sees h14 up
  1 host sees h15 up
  1 host sees h16 up
  1 host sees h17 up
  1 host sees h18 up
  1 host sees h19 up
  1 host sees h2 up
  39 hosts see h20 up
  1 host sees h21 up
  1 host sees h22 up
  1 host sees h23 up
  1 host sees h24 up
  1 host sees h25 up
  1 host sees h26 up
  1 host sees h27 up
  1 host sees h28 up
  1 host sees h29 up
  1 host sees h3 up
  1 host sees h30 up
  1 host sees h31 up
  1 host sees h32 up
  1 host sees h33 up
  1 host sees h34 up
  1 host sees h35 up
  1 host sees h36 up
  1 host sees h37 up
  1 host sees h38 up
  1 host sees h39 up
  1 host sees h4 up
  1 host sees h40 up
  1 host sees h5 up
  1 host sees h6 up
  1 host sees h7 up
  1 host sees h8 up
  1 host sees h9 up

# One falls silent: all see it a dead time after its last beat, which was up to a second before.
silence h7
run 3900ms
expect h1 sees h7 up
within 1200ms h1 sees h7 down
run 2s
settle
expect web on h30 h7
----
h30 starts web (failover from h7)
h30 runs web
h30 alerts (warning): service web runs here now instead of on h7, which is down
  1 host sees h1 down
  1 host sees h10 down
  1 host sees h11 down
  1 host sees h12 down
  1 host sees h13 down
  1 host sees h14 down
  1 host sees h15 down
  1 host sees h16 down
  1 host sees h17 down
  1 host sees h18 down
  1 host sees h19 down
  1 host sees h2 down
  1 host sees h20 down
  1 host sees h21 down
  1 host sees h22 down
  1 host sees h23 down
  1 host sees h24 down
  1 host sees h25 down
  1 host sees h26 down
  1 host sees h27 down
  1 host sees h28 down
  1 host sees h29 down
  1 host sees h3 down
  1 host sees h30 down
  1 host sees h31 down
  1 host sees h32 down
  1 host sees h33 down
  1 host sees h34 down
  1 host sees h35 down
  1 host sees h36 down
  1 host sees h37 down
  1 host sees h38 down
  1 host sees h39 down
  1 host sees h4 down
  1 host sees h40 down
  1 host sees h5 down
  1 host sees h6 down
  39 hosts see h7 down
  1 host sees h8 down
  1 host sees h9 down

unsilence h7
settle
expect web on h7
expect h7 linked h8
----
h30 stops web (lost-ownership to h7)
h30 has stopped web
  1 host sees h1 up
  1 host sees h10 up
  1 host sees h11 up
  1 host sees h12 up
  1 host sees h13 up
  1 host sees h14 up
  1 host sees h15 up
  1 host sees h16 up
  1 host sees h17 up
  1 host sees h18 up
  1 host sees h19 up
  1 host sees h2 up
  1 host sees h20 up
  1 host sees h21 up
  1 host sees h22 up
  1 host sees h23 up
  1 host sees h24 up
  1 host sees h25 up
  1 host sees h26 up
  1 host sees h27 up
  1 host sees h28 up
  1 host sees h29 up
  1 host sees h3 up
  1 host sees h30 up
  1 host sees h31 up
  1 host sees h32 up
  1 host sees h33 up
  1 host sees h34 up
  1 host sees h35 up
  1 host sees h36 up
  1 host sees h37 up
  1 host sees h38 up
  1 host sees h39 up
  1 host sees h4 up
  1 host sees h40 up
  1 host sees h5 up
  1 host sees h6 up
  39 hosts see h7 up
  1 host sees h8 up
  1 host sees h9 up
