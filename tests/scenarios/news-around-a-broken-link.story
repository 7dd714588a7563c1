# Of ten hosts each tells all others itself what is new of it, so none says it for another, until two no longer hear each other.
seed 7
hosts h1..h10
service web h1 h2
tally
boot h1..h10
settle
expect web on h1
cut h1 h2
run 8s
expect h2 sees h1 up
h5$ move web h2
within 2s web on h2
expect one copy of web

# The news of h1's end comes from others, too.
kill-both h1
within 300ms h2 sees h1 down
expect h10 sees h1 down
heal h1 h2
restart h1
settle
expect h2 sees h1 up
expect h1 linked h2
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
h1 starts web (placement)
h1 runs web
h1 stops web (move to h2)
h1 has stopped web
h2 starts web (move from h1)
h2 runs web
h5 answers: done, web runs on h2
h1's engine dies
h1 comes up
  9 hosts see h1 down
  18 hosts see h1 up
  10 hosts see h10 up
  10 hosts see h2 up
  10 hosts see h3 up
  10 hosts see h4 up
  10 hosts see h5 up
  10 hosts see h6 up
  10 hosts see h7 up
  10 hosts see h8 up
  10 hosts see h9 up
