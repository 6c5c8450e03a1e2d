;; The product of two matrices of float32, in blocks of 4 rows and 8 columns.
;; All places and steps are in bytes.
(module
  (memory (export "memory") 1)

  ;; c (n rows of m columns, both rounded up to whole blocks) is set to a (n, k) times b (k, m).
  ;; The elements of a and b lie by the steps that are given; panels is room for both.
  (func (export "multiply")
    (param $n i32) (param $k i32) (param $m i32)
    (param $a i32) (param $aRow i32) (param $aTerm i32)
    (param $b i32) (param $bTerm i32) (param $bColumn i32)
    (param $panels i32) (param $c i32)
    (local $rows i32) (local $width i32) (local $columns i32) (local $size i32)
    (local $i i32) (local $j i32) (local $p i32) (local $terms i32)
    (local.set $rows (i32.and (i32.add (local.get $n) (i32.const 3)) (i32.const -4)))
    (local.set $width (i32.shl
      (i32.and (i32.add (local.get $m) (i32.const 7)) (i32.const -8)) (i32.const 2)))
    (local.set $columns
      (i32.add (local.get $panels) (i32.shl (i32.mul (local.get $rows) (local.get $k)) (i32.const 2))))
    (call $pack (local.get $a) (local.get $n) (local.get $k) (local.get $aRow) (local.get $aTerm)
      (i32.const 4) (local.get $panels))
    (call $pack (local.get $b) (local.get $m) (local.get $k) (local.get $bColumn) (local.get $bTerm)
      (i32.const 8) (local.get $columns))
    (memory.fill (local.get $c) (i32.const 0) (i32.mul (local.get $rows) (local.get $width)))
    (loop $blocks ;; of 256 terms, so that what is read again is near
      (local.set $terms (call $least (i32.const 256) (i32.sub (local.get $k) (local.get $p))))
      (local.set $j (i32.const 0))
      (loop $across
        (local.set $i (i32.const 0))
        (loop $down
          (call $block
            (i32.add (local.get $panels)
              (i32.shl (i32.add (i32.mul (local.get $i) (local.get $k))
                (i32.shl (local.get $p) (i32.const 2))) (i32.const 2)))
            (i32.add (local.get $columns)
              (i32.shl (i32.add (i32.mul (local.get $j) (local.get $k))
                (i32.shl (local.get $p) (i32.const 3))) (i32.const 2)))
            (local.get $terms)
            (i32.add (local.get $c) (i32.add (i32.mul (local.get $i) (local.get $width))
              (i32.shl (local.get $j) (i32.const 2))))
            (local.get $width))
          (br_if $down (i32.lt_s
            (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $n))))
        (br_if $across (i32.lt_s
          (local.tee $j (i32.add (local.get $j) (i32.const 8))) (local.get $m))))
      (br_if $blocks (i32.lt_s
        (local.tee $p (i32.add (local.get $p) (i32.const 256))) (local.get $k)))))

  (func $least (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))

  ;; Lay `count` rows of k terms into panels of `width` rows, term by term; the last row fills up.
  (func $pack (param $from i32) (param $count i32) (param $k i32) (param $across i32)
    (param $along i32) (param $width i32) (param $to i32)
    (local $i i32) (local $at i32) (local $out i32) (local $end i32) (local $step i32)
    (local.set $step (i32.shl (local.get $width) (i32.const 2)))
    (loop $rows
      (local.set $at (i32.add (local.get $from) (i32.mul (local.get $across)
        (call $least (local.get $i) (i32.sub (local.get $count) (i32.const 1))))))
      (local.set $out (i32.add
        (i32.add (local.get $to) (i32.mul (i32.shl (local.get $k) (i32.const 2))
          (i32.and (local.get $i) (i32.sub (i32.const 0) (local.get $width)))))
        (i32.shl (i32.and (local.get $i) (i32.sub (local.get $width) (i32.const 1)))
          (i32.const 2))))
      (local.set $end (i32.add (local.get $out) (i32.mul (local.get $step) (local.get $k))))
      (if (i32.and (i32.eq (local.get $across) (i32.const 4))
          (i32.le_s (i32.add (local.get $i) (i32.const 4)) (local.get $count)))
        (then ;; four rows at once
          (loop $terms
            (v128.store align=4 (local.get $out) (v128.load align=4 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (local.get $along)))
            (br_if $terms (i32.lt_u
              (local.tee $out (i32.add (local.get $out) (local.get $step))) (local.get $end))))
          (local.set $i (i32.add (local.get $i) (i32.const 4))))
        (else
          (loop $terms
            (f32.store (local.get $out) (f32.load (local.get $at)))
            (local.set $at (i32.add (local.get $at) (local.get $along)))
            (br_if $terms (i32.lt_u
              (local.tee $out (i32.add (local.get $out) (local.get $step))) (local.get $end))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))))
      (br_if $rows (i32.lt_s (local.get $i) (i32.and
        (i32.add (local.get $count) (i32.sub (local.get $width) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $width)))))))

  ;; Add to a block of c, whose rows are `width` apart, the products of `terms` terms.
  (func $block (param $a i32) (param $b i32) (param $terms i32) (param $c i32) (param $width i32)
    (local $end i32) (local $s v128) (local $l v128) (local $r v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128)
    (local.set $end (i32.add (local.get $b) (i32.shl (local.get $terms) (i32.const 5))))
    (loop $next
      (local.set $l (v128.load align=4 (local.get $b)))
      (local.set $r (v128.load offset=16 align=4 (local.get $b)))
      (local.set $s (v128.load32_splat (local.get $a)))
      (local.set $l0 (f32x4.add (local.get $l0) (f32x4.mul (local.get $s) (local.get $l))))
      (local.set $r0 (f32x4.add (local.get $r0) (f32x4.mul (local.get $s) (local.get $r))))
      (local.set $s (v128.load32_splat offset=4 (local.get $a)))
      (local.set $l1 (f32x4.add (local.get $l1) (f32x4.mul (local.get $s) (local.get $l))))
      (local.set $r1 (f32x4.add (local.get $r1) (f32x4.mul (local.get $s) (local.get $r))))
      (local.set $s (v128.load32_splat offset=8 (local.get $a)))
      (local.set $l2 (f32x4.add (local.get $l2) (f32x4.mul (local.get $s) (local.get $l))))
      (local.set $r2 (f32x4.add (local.get $r2) (f32x4.mul (local.get $s) (local.get $r))))
      (local.set $s (v128.load32_splat offset=12 (local.get $a)))
      (local.set $l3 (f32x4.add (local.get $l3) (f32x4.mul (local.get $s) (local.get $l))))
      (local.set $r3 (f32x4.add (local.get $r3) (f32x4.mul (local.get $s) (local.get $r))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (br_if $next (i32.lt_u
        (local.tee $b (i32.add (local.get $b) (i32.const 32))) (local.get $end))))
    (call $add (local.get $c) (local.get $l0) (local.get $r0))
    (call $add (local.tee $c (i32.add (local.get $c) (local.get $width)))
      (local.get $l1) (local.get $r1))
    (call $add (local.tee $c (i32.add (local.get $c) (local.get $width)))
      (local.get $l2) (local.get $r2))
    (call $add (i32.add (local.get $c) (local.get $width)) (local.get $l3) (local.get $r3)))

  (func $add (param $c i32) (param $l v128) (param $r v128)
    (v128.store align=4 (local.get $c)
      (f32x4.add (v128.load align=4 (local.get $c)) (local.get $l)))
    (v128.store offset=16 align=4 (local.get $c)
      (f32x4.add (v128.load offset=16 align=4 (local.get $c)) (local.get $r)))))
