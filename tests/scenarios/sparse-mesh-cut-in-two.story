# Forty hosts are cut in two, as unlike as can be: the first three quarters, and the rest. Each side stays whole.
seed 4
hosts h1..h40
service web h7 h35
tally
boot h1..h40
settle
expect web on h7
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

part h1..h30
settle
expect h1 sees h30 up
expect h31 sees h40 up
expect h1 sees h31 down
expect web on h35 h7
----
h35 starts web (failover from h7)
h35 runs web
h35 alerts (warning): service web runs here now instead of on h7, which is down
  10 hosts see h1 down
  10 hosts see h10 down
  10 hosts see h11 down
  10 hosts see h12 down
  10 hosts see h13 down
  10 hosts see h14 down
  10 hosts see h15 down
  10 hosts see h16 down
  10 hosts see h17 down
  10 hosts see h18 down
  10 hosts see h19 down
  10 hosts see h2 down
  10 hosts see h20 down
  10 hosts see h21 down
  10 hosts see h22 down
  10 hosts see h23 down
  10 hosts see h24 down
  10 hosts see h25 down
  10 hosts see h26 down
  10 hosts see h27 down
  10 hosts see h28 down
  10 hosts see h29 down
  10 hosts see h3 down
  10 hosts see h30 down
  30 hosts see h31 down
  30 hosts see h32 down
  30 hosts see h33 down
  30 hosts see h34 down
  30 hosts see h35 down
  30 hosts see h36 down
  30 hosts see h37 down
  30 hosts see h38 down
  30 hosts see h39 down
  10 hosts see h4 down
  30 hosts see h40 down
  10 hosts see h5 down
  10 hosts see h6 down
  10 hosts see h7 down
  10 hosts see h8 down
  10 hosts see h9 down

heal
settle
expect h1 sees h31 up
expect web on h7
----
h35 stops web (lost-ownership to h7)
h35 has stopped web
  10 hosts see h1 up
  10 hosts see h10 up
  10 hosts see h11 up
  10 hosts see h12 up
  10 hosts see h13 up
  10 hosts see h14 up
  10 hosts see h15 up
  10 hosts see h16 up
  10 hosts see h17 up
  10 hosts see h18 up
  10 hosts see h19 up
  10 hosts see h2 up
  10 hosts see h20 up
  10 hosts see h21 up
  10 hosts see h22 up
  10 hosts see h23 up
  10 hosts see h24 up
  10 hosts see h25 up
  10 hosts see h26 up
  10 hosts see h27 up
  10 hosts see h28 up
  10 hosts see h29 up
  10 hosts see h3 up
  10 hosts see h30 up
  30 hosts see h31 up
  30 hosts see h32 up
  30 hosts see h33 up
  30 hosts see h34 up
  30 hosts see h35 up
  30 hosts see h36 up
  30 hosts see h37 up
  30 hosts see h38 up
  30 hosts see h39 up
  10 hosts see h4 up
  30 hosts see h40 up
  10 hosts see h5 up
  10 hosts see h6 up
  10 hosts see h7 up
  10 hosts see h8 up
  10 hosts see h9 up

# Eight that lie scattered are cut from all others. Of two of them nobody is left at any place of theirs: these try
# whom they do not see, and find the others.
part h1 h4 h7 h11 h14 h20 h28 h35
run 30s
within 3m h1 sees h28 up
within 3m h1 sees h14 up
within 3m h35 sees h1 up
settle
expect h2 sees h40 up
expect h2 sees h35 down
expect web on h7
----
  39 hosts see h1 down
  7 hosts see h1 up
  8 hosts see h10 down
  37 hosts see h11 down
  5 hosts see h11 up
  8 hosts see h12 down
  8 hosts see h13 down
  39 hosts see h14 down
  7 hosts see h14 up
  8 hosts see h15 down
  8 hosts see h16 down
  8 hosts see h17 down
  8 hosts see h18 down
  8 hosts see h19 down
  8 hosts see h2 down
  37 hosts see h20 down
  5 hosts see h20 up
  8 hosts see h21 down
  8 hosts see h22 down
  8 hosts see h23 down
  8 hosts see h24 down
  8 hosts see h25 down
  8 hosts see h26 down
  8 hosts see h27 down
  37 hosts see h28 down
  5 hosts see h28 up
  8 hosts see h29 down
  8 hosts see h3 down
  8 hosts see h30 down
  8 hosts see h31 down
  8 hosts see h32 down
  8 hosts see h33 down
  8 hosts see h34 down
  37 hosts see h35 down
  5 hosts see h35 up
  8 hosts see h36 down
  8 hosts see h37 down
  8 hosts see h38 down
  8 hosts see h39 down
  37 hosts see h4 down
  5 hosts see h4 up
  8 hosts see h40 down
  8 hosts see h5 down
  8 hosts see h6 down
  37 hosts see h7 down
  5 hosts see h7 up
  8 hosts see h8 down
  8 hosts see h9 down

heal
settle 5m
expect h1 sees h2 up
expect web on h7
----
  32 hosts see h1 up
  8 hosts see h10 up
  32 hosts see h11 up
  8 hosts see h12 up
  8 hosts see h13 up
  32 hosts see h14 up
  8 hosts see h15 up
  8 hosts see h16 up
  8 hosts see h17 up
  8 hosts see h18 up
  8 hosts see h19 up
  8 hosts see h2 up
  32 hosts see h20 up
  8 hosts see h21 up
  8 hosts see h22 up
  8 hosts see h23 up
  8 hosts see h24 up
  8 hosts see h25 up
  8 hosts see h26 up
  8 hosts see h27 up
  32 hosts see h28 up
  8 hosts see h29 up
  8 hosts see h3 up
  8 hosts see h30 up
  8 hosts see h31 up
  8 hosts see h32 up
  8 hosts see h33 up
  8 hosts see h34 up
  32 hosts see h35 up
  8 hosts see h36 up
  8 hosts see h37 up
  8 hosts see h38 up
  8 hosts see h39 up
  32 hosts see h4 up
  8 hosts see h40 up
  8 hosts see h5 up
  8 hosts see h6 up
  32 hosts see h7 up
  8 hosts see h8 up
  8 hosts see h9 up
