# Among forty hosts two have no address, one of them behind a router: each dials some of the others.
seed 5
hosts h1..h20 laptop* h22..h30 phone^ h32..h40
service web laptop h3
tally
boot h1..h20
boot laptop
boot h22..h30
boot phone
boot h32..h40
settle
expect web on laptop
expect laptop linked h22
expect laptop linked h23
expect laptop linked h25
expect laptop linked h29
expect laptop unlinked phone
expect laptop sees phone up
expect phone sees laptop up
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
laptop comes up
h22 comes up
h23 comes up
h24 comes up
h25 comes up
h26 comes up
h27 comes up
h28 comes up
h29 comes up
h30 comes up
phone comes up
h32 comes up
h33 comes up
h34 comes up
h35 comes up
h36 comes up
h37 comes up
h38 comes up
h39 comes up
h40 comes up
laptop starts web (placement)
laptop runs web
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
  39 hosts see laptop up
  39 hosts see phone up

# Those that it was linked with die together: it finds others, within a while.
silence h22
silence h23
silence h25
silence h29
settle
expect h1 sees laptop up
----
  4 hosts see h1 down
  4 hosts see h10 down
  4 hosts see h11 down
  4 hosts see h12 down
  4 hosts see h13 down
  4 hosts see h14 down
  4 hosts see h15 down
  4 hosts see h16 down
  4 hosts see h17 down
  4 hosts see h18 down
  4 hosts see h19 down
  4 hosts see h2 down
  4 hosts see h20 down
  39 hosts see h22 down
  39 hosts see h23 down
  4 hosts see h24 down
  39 hosts see h25 down
  4 hosts see h26 down
  4 hosts see h27 down
  4 hosts see h28 down
  39 hosts see h29 down
  4 hosts see h3 down
  4 hosts see h30 down
  4 hosts see h32 down
  4 hosts see h33 down
  4 hosts see h34 down
  4 hosts see h35 down
  4 hosts see h36 down
  4 hosts see h37 down
  4 hosts see h38 down
  4 hosts see h39 down
  4 hosts see h4 down
  4 hosts see h40 down
  4 hosts see h5 down
  4 hosts see h6 down
  4 hosts see h7 down
  4 hosts see h8 down
  4 hosts see h9 down
  4 hosts see laptop down
  4 hosts see phone down

move-address laptop
settle
expect h1 sees laptop up
expect web on laptop
----
h3 starts web (failover from laptop)
h3 runs web
h3 alerts (warning): service web runs here now instead of on laptop, which is down
h3 stops web (lost-ownership to laptop)
h3 has stopped web
  1 host sees h1 down
  1 host sees h1 up
  1 host sees h10 down
  1 host sees h10 up
  1 host sees h11 down
  1 host sees h11 up
  1 host sees h12 down
  1 host sees h12 up
  1 host sees h13 down
  1 host sees h13 up
  1 host sees h14 down
  1 host sees h14 up
  1 host sees h15 down
  1 host sees h15 up
  1 host sees h16 down
  1 host sees h16 up
  1 host sees h17 down
  1 host sees h17 up
  1 host sees h18 down
  1 host sees h18 up
  1 host sees h19 down
  1 host sees h19 up
  1 host sees h2 down
  1 host sees h2 up
  1 host sees h20 down
  1 host sees h20 up
  1 host sees h24 down
  1 host sees h24 up
  1 host sees h26 down
  1 host sees h26 up
  1 host sees h27 down
  1 host sees h27 up
  1 host sees h28 down
  1 host sees h28 up
  1 host sees h3 down
  1 host sees h3 up
  1 host sees h30 down
  1 host sees h30 up
  1 host sees h32 down
  1 host sees h32 up
  1 host sees h33 down
  1 host sees h33 up
  1 host sees h34 down
  1 host sees h34 up
  1 host sees h35 down
  1 host sees h35 up
  1 host sees h36 down
  1 host sees h36 up
  1 host sees h37 down
  1 host sees h37 up
  1 host sees h38 down
  1 host sees h38 up
  1 host sees h39 down
  1 host sees h39 up
  1 host sees h4 down
  1 host sees h4 up
  1 host sees h40 down
  1 host sees h40 up
  1 host sees h5 down
  1 host sees h5 up
  1 host sees h6 down
  1 host sees h6 up
  1 host sees h7 down
  1 host sees h7 up
  1 host sees h8 down
  1 host sees h8 up
  1 host sees h9 down
  1 host sees h9 up
  35 hosts see laptop down
  35 hosts see laptop up
  1 host sees phone down
  1 host sees phone up
