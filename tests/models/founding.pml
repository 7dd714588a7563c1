/* A first set of voters while the hosts files are being edited, and why no two are founded that may both decide.
 *
 * A, B, C and D start without memory. There are two lists of hosts, ABC and BCD, of which a majority each (A and B, C and
 * D) have nobody in common. A goes by the first and D by the second, B and C by either, as their files are edited, EDITS
 * times in all. A host asks another and is answered in one step: what it was told stays until it hears anew, is edited
 * or crashes, which is all that a late answer could do more. What is stored is stored at once: a host whose founding is
 * being stored answers nobody. CRASHES times a host forgets what it was told, GIVE_UPS times one gives up a set of which so
 * many hosts have the other that a quorum of it can never be. What a set has decided counts for good.
 *
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define HOSTS 4
#define PAIRS 16
#define AT(h, g) ((h) * HOSTS + (g))
#define BIT(h) (1 << (h))
#define NAME(h) ('A' + (h))

#ifndef EDITS
#define EDITS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef GIVE_UPS
#define GIVE_UPS 1
#endif

/* Lists are 1 and 2. */
#define MEMBERS(l) ((l) == 1 -> 7 : 14)
#define OTHER(l) (3 - (l))
#define SIZE(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))
#define QUORUM(m) (SIZE(m) >= 2)

/* What a host was told by another */
#define NOTHING 0
#define VOUCHED(l) (l)        /* without memory, list l, for which it vouches */
#define LISTED(l) ((l) + 2)   /* without memory, list l */
#define SET(l) ((l) + 4)      /* with memory, of the set founded by list l */

byte file[HOSTS];
byte set[HOSTS];         /* 0: without memory */
byte vouch[HOSTS];       /* the list, and whom it was told */
byte vouched_to[HOSTS];
byte told[PAIRS];
byte edits, crashes, give_ups;
bool first_decided, second_decided;

byte released, open_to, i;
bool bound, all, settled;
byte heard;

/* Whether h may have no part in a set of list l, as one by the list that it vouched for may come to decide without it. */
inline look_whether_bound(h, l) {
  d_step {
    released = 0;
    bound = vouch[h] != 0 && vouch[h] != (l);
    i = 0;
    do
    :: i < HOSTS ->
       if
       :: told[AT(h, i)] == SET(OTHER(vouch[h])) && (MEMBERS(vouch[h]) & BIT(i)) -> bound = false
       :: told[AT(h, i)] == VOUCHED(OTHER(vouch[h])) || told[AT(h, i)] == LISTED(OTHER(vouch[h])) ->
          released = released | BIT(i)
       :: else
       fi;
       i++
    :: else -> break
    od;
    open_to = vouched_to[h] & (15 - released);
#ifdef PLANT_NOT_BOUND
    bound = false;
#endif
    if
    :: bound ->
       bound = QUORUM(open_to);
       i = 0;
       do
       :: i < HOSTS ->
          if
          :: i != h && (MEMBERS(vouch[h]) & BIT(i)) && !(open_to & BIT(i)) &&
             2 * SIZE(open_to) > SIZE(MEMBERS(vouch[h])) - 1 -> bound = true
          :: else
          fi;
          i++
       :: else -> break
       od
    :: else
    fi;
    i = 0
  }
}

/* h asks g. */
inline ask(h, g) {
  atomic {
    if
    :: set[g] != 0 -> told[AT(h, g)] = SET(set[g])
    :: else ->
       look_whether_bound(g, file[g]);
       if
       :: bound || !(MEMBERS(file[g]) & BIT(h)) -> told[AT(h, g)] = LISTED(file[g])
       :: else ->
#ifndef PLANT_NOT_NOTED
          if
          :: vouch[g] != file[g] ->
             vouch[g] = file[g];
             vouched_to[g] = 0
          :: else
          fi;
          vouched_to[g] = vouched_to[g] | BIT(h);
#endif
          told[AT(h, g)] = VOUCHED(file[g])
       fi
    fi;
    tidy();
    printf("%c asks %c: %d\n", NAME(h), NAME(g), told[AT(h, g)])
  }
}

inline found(h) {
  atomic {
    look_whether_bound(h, file[h]);
    all = !bound;
    i = 0;
    do
    :: i < HOSTS ->
       if
       :: i != h && (MEMBERS(file[h]) & BIT(i)) && told[AT(h, i)] != VOUCHED(file[h]) &&
          told[AT(h, i)] != SET(file[h]) -> all = false
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    if
    :: all ->
       set[h] = file[h];
       printf("%c begins by list %d\n", NAME(h), file[h])
    :: else
    fi;
    tidy()
  }
}

/* More than half of the others of a set tell of it, or all of them and of its file, the others with its list, for which they vouch. */
inline learn(h, l) {
  atomic {
    look_whether_bound(h, l);
#ifdef PLANT_LEARNS_THOUGH_BOUND
    bound = false;
#endif
    heard = 0;
    all = true;
    settled = !bound;
    i = 0;
    do
    :: i < HOSTS ->
       if
       :: i == h
       :: i != h && told[AT(h, i)] == SET(l) -> heard = heard | BIT(i)
       :: i != h && told[AT(h, i)] == SET(OTHER(l)) -> settled = false
       :: i != h && told[AT(h, i)] != SET(l) && told[AT(h, i)] != SET(OTHER(l)) ->
          if
          :: (MEMBERS(l) | MEMBERS(file[h])) & BIT(i) ->
             if
             :: told[AT(h, i)] == VOUCHED(file[h])
#ifdef PLANT_LISTED_IS_ENOUGH
             :: told[AT(h, i)] == LISTED(file[h])
             :: told[AT(h, i)] != VOUCHED(file[h]) && told[AT(h, i)] != LISTED(file[h]) -> all = false
#else
             :: told[AT(h, i)] != VOUCHED(file[h]) -> all = false
#endif
             fi
          :: else
          fi
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    if
    :: settled && heard != 0 &&
       (all || 2 * SIZE(heard & MEMBERS(l)) > SIZE(MEMBERS(l) & (15 - BIT(h)))) ->
       set[h] = l;
       printf("%c learns of set %d\n", NAME(h), l)
    :: else
    fi;
    heard = 0;
    tidy()
  }
}

inline give_up(h) {
  atomic {
    heard = MEMBERS(set[h]);
    i = 0;
    do
    :: i < HOSTS ->
       if
       :: set[i] == OTHER(set[h]) -> heard = heard & (15 - BIT(i))
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    if
#ifdef PLANT_GIVES_UP_WHAT_LIVES
    :: heard != MEMBERS(set[h]) ->
#else
    :: !QUORUM(heard) ->
#endif
       printf("%c gives up set %d\n", NAME(h), set[h]);
       give_ups++;
       set[h] = 0
    :: else
    fi;
    tidy()
  }
}

inline forget_told(h) {
  d_step {
    i = 0;
    do
    :: i < HOSTS -> told[AT(h, i)] = NOTHING; i++
    :: else -> break
    od;
    i = 0
  }
}

inline edit(h) {
  atomic {
    edits++;
    file[h] = OTHER(file[h]);
#ifndef PLANT_TOLD_BEFORE_THE_EDIT
    forget_told(h);
#endif
    printf("the file of %c is edited: list %d\n", NAME(h), file[h])
  }
}

/* What can matter no more */
inline tidy() {
  d_step {
    bound = false;
    all = false;
    settled = false;
    released = 0;
    open_to = 0;
    heard = 0;
    i = 0;
    do
    :: i < PAIRS ->
       if
       :: set[i / HOSTS] != 0 -> told[i] = NOTHING
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < HOSTS ->
       if
       :: set[i] != 0 -> vouch[i] = 0; vouched_to[i] = 0
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

#define HAS(h, l) (set[h] == (l))
#define DECIDES_FIRST (HAS(0, 1) + HAS(1, 1) + HAS(2, 1) >= 2)
#define DECIDES_SECOND (HAS(1, 2) + HAS(2, 2) + HAS(3, 2) >= 2)

inline note_decided() {
  d_step {
    if
    :: DECIDES_FIRST -> first_decided = true
    :: else
    fi;
    if
    :: DECIDES_SECOND -> second_decided = true
    :: else
    fi
  }
}

active proctype cluster() {
  byte h, g;
  d_step {
    file[0] = 1;
    file[1] = 1;
    file[2] = 1;
    file[3] = 2
  }
  do
  :: atomic {
       select(h : 0 .. 3);
       select(g : 0 .. 3);
       if
       :: h != g && set[h] == 0 -> ask(h, g)
       :: else
       fi;
       h = 0; g = 0
     }
  :: atomic { select(h : 0 .. 3); if :: set[h] == 0 -> found(h); note_decided() :: else fi; h = 0 }
  :: atomic { select(h : 0 .. 3); if :: set[h] == 0 -> learn(h, 1); note_decided() :: else fi; h = 0 }
  :: atomic { select(h : 0 .. 3); if :: set[h] == 0 -> learn(h, 2); note_decided() :: else fi; h = 0 }
  :: atomic { give_ups < GIVE_UPS -> select(h : 0 .. 3); if :: set[h] != 0 -> give_up(h) :: else fi; h = 0 }
  :: atomic { edits < EDITS -> select(h : 1 .. 2); if :: set[h] == 0 -> edit(h) :: else fi; h = 0 }
  :: atomic { crashes < CRASHES -> crashes++; select(h : 0 .. 3); forget_told(h); h = 0 }
  :: assert(!(first_decided && second_decided));
  od
}
