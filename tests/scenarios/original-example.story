# The original's example. S has an address, L and P have none. S and P are connected and run what they
# may. Then L comes up and connects to S.
hosts S L* P*
service web L S P
service mail S P L
service files L P
service proxy P L S
boot S P
settle
show
----
S comes up
P comes up
P sees S up
S sees P up
S starts web (placement)
S starts mail (placement)
P starts files (placement)
P starts proxy (placement)
S runs mail
P runs proxy
S runs web
P runs files
  web: runs on S
  mail: runs on S
  files: runs on P
  proxy: runs on P

# S and P give up what L is preferred for, and only that. S tells P where L is, and P dials L.
boot L
settle
show
expect S linked L
expect P linked L
expect S linked P
expect web on L
expect files on L
expect mail on S
expect proxy on P
----
L comes up
L sees P up
L sees S up
S sees L up
S stops web (failback to L)
P sees L up
P stops files (failback to L)
S has stopped web
L starts web (failback from S)
L runs web
P has stopped files
L starts files (failback from P)
L runs files
  web: runs on L
  mail: runs on S
  files: runs on L
  proxy: runs on P

# L dies: power lost, no goodbye.
crash L
settle
show
expect web on S
expect files on P
----
L loses power
S sees L down
P sees L down
P starts files (failover from L)
S starts web (failover from L)
S runs web
S alerts (warning): service web runs here now instead of on L, which is down
P runs files
P alerts (warning): service files runs here now instead of on L, which is down
  web: runs on S
  mail: runs on S
  files: runs on P
  proxy: runs on P

boot L
settle
show
expect web on L
expect files on L
----
L comes up
S sees L up
L checks web: exit 3
L sees P up
L sees S up
S stops web (failback to L)
P sees L up
P stops files (failback to L)
L checks files: exit 3
P has stopped files
L starts files (failback from P)
L runs files
S has stopped web
L starts web (failback from S)
L runs web
  web: runs on L
  mail: runs on S
  files: runs on L
  proxy: runs on P

# L falls silent, and does not know it.
silence L
within 8s S sees L down
settle
view S L
----
P sees L down
S sees L down
P starts files (failover from L)
S starts web (failover from L)
S runs web
S alerts (warning): service web runs here now instead of on L, which is down
P runs files
P alerts (warning): service files runs here now instead of on L, which is down
L sees P down
L sees S down
L starts mail (failover from S)
L starts proxy (failover from P)
L runs proxy
L alerts (warning): service proxy runs here now instead of on P, which is down
L runs mail
L alerts (warning): service mail runs here now instead of on S, which is down
  S sees S=up/self L=down P=up/direct
  S sees web running on S: S is the most preferred host that is up and able
  S sees mail running on S: S is the most preferred host that is up and able
  S sees files running on P: P is the most preferred host that is up and able
  S sees proxy running on P: P is the most preferred host that is up and able
  L sees S=down L=up/self P=down
  L sees web running on L: L is the most preferred host that is up and able
  L sees mail running on L: L is the most preferred host that is up and able
  L sees files running on L: L is the most preferred host that is up and able
  L sees proxy running on L: L is the most preferred host that is up and able

# Both sides have run web and files; when they meet, the less preferred stops.
unsilence L
settle
show
expect web on L
expect files on L
expect mail on S
expect proxy on P
----
L sees P up
L sees S up
L stops mail (lost-ownership to S)
L stops proxy (lost-ownership to P)
S sees L up
S stops web (lost-ownership to L)
P sees L up
P stops files (lost-ownership to L)
S has stopped web
L has stopped proxy
L has stopped mail
P has stopped files
  web: runs on L
  mail: runs on S
  files: runs on L
  proxy: runs on P
