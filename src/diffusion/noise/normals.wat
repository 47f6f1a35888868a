;; Philox-4x32-10 and Box–Muller on four lanes at once: the same operations as philox.ts and box-muller.ts, bit for bit.
;; Lane j of every vector belongs to counter block + j. Memory is one buffer of 16 words (64 bytes) a group of four
;; blocks; $words fills it with random words and $normals turns those into standard normals in place.
;; Translated to normals-wasm.ts by scripts/build-wasm.js.
(module
  (memory (export "memory") 1)

  ;; Philox words of `groups` times four blocks, from block (blockLow, blockHigh), blockLow a multiple of 4: lanes
  ;; never carry. A group's 64 bytes hold word 0 of its four blocks, then word 1, 2, 3.
  (func $words (export "words")
    (param $groups i32) (param $blockLow i32) (param $blockHigh i32) (param $stepLow i32) (param $stepHigh i32)
    (param $key0 i32) (param $key1 i32)
    (local $at i32) (local $round i32) (local $roundKey0 i32) (local $roundKey1 i32)
    (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local $product0a v128) (local $product0b v128) (local $product1a v128) (local $product1b v128)
    (local $multiplier0 v128) (local $multiplier1 v128)
    (local.set $multiplier0 (i32x4.splat (i32.const 0xd2511f53)))
    (local.set $multiplier1 (i32x4.splat (i32.const 0xcd9e8d57)))
    (loop $group
      (local.set $c0 (i32x4.add (i32x4.splat (local.get $blockLow)) (v128.const i32x4 0 1 2 3)))
      (local.set $c1 (i32x4.splat (local.get $blockHigh)))
      (local.set $c2 (i32x4.splat (local.get $stepLow)))
      (local.set $c3 (i32x4.splat (local.get $stepHigh)))
      (local.set $roundKey0 (local.get $key0))
      (local.set $roundKey1 (local.get $key1))
      (local.set $round (i32.const 10))
      (loop $next
        ;; four 32×32-bit products a multiplier, as two vectors of two; the shuffles then collect their high words
        ;; (bytes 4–7 of each product) and low words (bytes 0–3)
        (local.set $product0a (i64x2.extmul_low_i32x4_u (local.get $c0) (local.get $multiplier0)))
        (local.set $product0b (i64x2.extmul_high_i32x4_u (local.get $c0) (local.get $multiplier0)))
        (local.set $product1a (i64x2.extmul_low_i32x4_u (local.get $c2) (local.get $multiplier1)))
        (local.set $product1b (i64x2.extmul_high_i32x4_u (local.get $c2) (local.get $multiplier1)))
        (local.set $c0 (v128.xor (v128.xor (local.get $c1) (i32x4.splat (local.get $roundKey0)))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $product1a) (local.get $product1b))))
        (local.set $c2 (v128.xor (v128.xor (local.get $c3) (i32x4.splat (local.get $roundKey1)))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $product0a) (local.get $product0b))))
        (local.set $c1 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $product1a) (local.get $product1b)))
        (local.set $c3 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $product0a) (local.get $product0b)))
        (local.set $roundKey0 (i32.add (local.get $roundKey0) (i32.const 0x9e3779b9)))
        (local.set $roundKey1 (i32.add (local.get $roundKey1) (i32.const 0xbb67ae85)))
        (br_if $next (local.tee $round (i32.sub (local.get $round) (i32.const 1)))))
      (v128.store offset=0 (local.get $at) (local.get $c0))
      (v128.store offset=16 (local.get $at) (local.get $c1))
      (v128.store offset=32 (local.get $at) (local.get $c2))
      (v128.store offset=48 (local.get $at) (local.get $c3))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (local.set $blockLow (i32.add (local.get $blockLow) (i32.const 4)))
      (if (i32.eqz (local.get $blockLow))
        (then (local.set $blockHigh (i32.add (local.get $blockHigh) (i32.const 1)))))
      (br_if $group (local.tee $groups (i32.sub (local.get $groups) (i32.const 1))))))

  ;; R = √(−2·ln(word/2³²)) of random words whose lowest bit is set here
  (func $radius (param $words v128) (result v128)
    (local $exponent v128) (local $x v128) (local $square v128) (local $octaves v128) (local $p v128) (local $y v128)
    (local.set $x (f32x4.convert_i32x4_u (v128.or (local.get $words) (i32x4.splat (i32.const 1)))))
    (local.set $exponent
      (i32x4.shr_s (i32x4.sub (local.get $x) (i32x4.splat (i32.const 0x3f3504f3))) (i32.const 23)))
    (local.set $x (f32x4.sub
      (i32x4.sub (local.get $x) (i32x4.shl (local.get $exponent) (i32.const 23)))
      (f32x4.splat (f32.const 1))))
    (local.set $octaves
      (f32x4.convert_i32x4_s (i32x4.sub (local.get $exponent) (i32x4.splat (i32.const 32)))))
    (local.set $square (f32x4.mul (local.get $x) (local.get $x)))
    (local.set $p (f32x4.splat (f32.const 7.0376836292e-2)))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const -1.151461031e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const 1.167699874e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const -1.2420140846e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const 1.4249322787e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const -1.6668057665e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const 2.0000714765e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const -2.4999993993e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $x)) (f32x4.splat (f32.const 3.3333331174e-1))))
    (local.set $y (f32x4.mul (f32x4.mul (local.get $x) (local.get $square)) (local.get $p)))
    (local.set $y (f32x4.add (local.get $y)
      (f32x4.mul (local.get $octaves) (f32x4.splat (f32.const -2.12194440e-4)))))
    (local.set $y (f32x4.sub (local.get $y)
      (f32x4.mul (local.get $square) (f32x4.splat (f32.const 0.5)))))
    (f32x4.sqrt (f32x4.mul (f32x4.splat (f32.const -2))
      (f32x4.add (f32x4.add (local.get $x) (local.get $y))
        (f32x4.mul (local.get $octaves) (f32x4.splat (f32.const 0.693359375)))))))

  ;; cos θ and sin θ of θ = 2π·word/2³²
  (func $turn (param $words v128) (result v128 v128)
    (local $shifted v128) (local $rest v128) (local $square v128) (local $p v128)
    (local $sine v128) (local $cosine v128) (local $swapped v128)
    (local.set $shifted (i32x4.add (local.get $words) (i32x4.splat (i32.const 0x20000000))))
    (local.set $rest (f32x4.mul
      (f32x4.convert_i32x4_s (i32x4.sub
        (v128.and (local.get $shifted) (i32x4.splat (i32.const 0x3fffffff)))
        (i32x4.splat (i32.const 0x20000000))))
      (f32x4.splat (f32.const 1.4629180792671596e-9)))) ;; 2π/2³²
    (local.set $square (f32x4.mul (local.get $rest) (local.get $rest)))
    (local.set $p (f32x4.splat (f32.const -1.9515295891e-4)))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (f32x4.splat (f32.const 8.3321608736e-3))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (f32x4.splat (f32.const -1.6666654611e-1))))
    (local.set $sine (f32x4.add
      (f32x4.mul (f32x4.mul (local.get $p) (local.get $square)) (local.get $rest))
      (local.get $rest)))
    (local.set $p (f32x4.splat (f32.const 2.443315711809948e-5)))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (f32x4.splat (f32.const -1.388731625493765e-3))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (f32x4.splat (f32.const 4.166664568298827e-2))))
    (local.set $cosine (f32x4.add
      (f32x4.sub
        (f32x4.mul (f32x4.mul (local.get $p) (local.get $square)) (local.get $square))
        (f32x4.mul (local.get $square) (f32x4.splat (f32.const 0.5))))
      (f32x4.splat (f32.const 1))))
    ;; the top two bits of $shifted number the quarter turn: odd ones swap, bit 31 negates the sine, and after
    ;; another quarter turn the cosine
    (local.set $swapped (i32x4.shr_s (i32x4.shl (local.get $shifted) (i32.const 1)) (i32.const 31)))
    (v128.xor
      (v128.bitselect (local.get $sine) (local.get $cosine) (local.get $swapped))
      (v128.and (i32x4.add (local.get $shifted) (i32x4.splat (i32.const 0x40000000)))
        (i32x4.splat (i32.const 0x80000000))))
    (v128.xor
      (v128.bitselect (local.get $cosine) (local.get $sine) (local.get $swapped))
      (v128.and (local.get $shifted) (i32x4.splat (i32.const 0x80000000)))))

  ;; turns the words of `groups` groups into normals, in the order of their samples: block by block, four each
  (func $normals (export "normals") (param $groups i32)
    (local $at i32) (local $radius v128) (local $n0 v128) (local $n1 v128) (local $n2 v128) (local $n3 v128)
    (local $low01 v128) (local $low23 v128) (local $high01 v128) (local $high23 v128)
    (loop $group
      (local.set $radius (call $radius (v128.load offset=0 (local.get $at))))
      (call $turn (v128.load offset=16 (local.get $at)))
      (local.set $n1)
      (local.set $n0)
      (local.set $n0 (f32x4.mul (local.get $radius) (local.get $n0)))
      (local.set $n1 (f32x4.mul (local.get $radius) (local.get $n1)))
      (local.set $radius (call $radius (v128.load offset=32 (local.get $at))))
      (call $turn (v128.load offset=48 (local.get $at)))
      (local.set $n3)
      (local.set $n2)
      (local.set $n2 (f32x4.mul (local.get $radius) (local.get $n2)))
      (local.set $n3 (f32x4.mul (local.get $radius) (local.get $n3)))
      ;; a 4×4 transpose: from lane = block to sample order
      (local.set $low01 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $n0) (local.get $n1)))
      (local.set $low23 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $n2) (local.get $n3)))
      (local.set $high01 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $n0) (local.get $n1)))
      (local.set $high23 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $n2) (local.get $n3)))
      (v128.store offset=0 (local.get $at) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $low01) (local.get $low23)))
      (v128.store offset=16 (local.get $at) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $low01) (local.get $low23)))
      (v128.store offset=32 (local.get $at) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $high01) (local.get $high23)))
      (v128.store offset=48 (local.get $at) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $high01) (local.get $high23)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $group (local.tee $groups (i32.sub (local.get $groups) (i32.const 1)))))))
