import fc, { type Arbitrary } from 'fast-check'

/** `count` values of an arbitrary. They shrink to the first one that fails alone, then that does. */
export function several<Item>(one: Arbitrary<Item>, count: number): Arbitrary<readonly Item[]> {
  return new Several(one, count)
}

class Several<Item> extends fc.Arbitrary<readonly Item[]> {
  readonly #one: Arbitrary<Item>
  readonly #count: number

  constructor(one: Arbitrary<Item>, count: number) {
    super()
    this.#one = one
    this.#count = count
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<readonly Item[]> {
    return listOf(Array.from({ length: this.#count }, () => this.#one.generate(random, bias)))
  }

  override canShrinkWithoutContext(_value: unknown): _value is readonly Item[] {
    return false
  }

  override shrink(_value: unknown, context: unknown): fc.Stream<fc.Value<readonly Item[]>> {
    const items = context as readonly fc.Value<Item>[]
    if (items.length > 1) return fc.stream(items.map(item => listOf([item])).values())
    const [item] = items
    return this.#one.shrink(item!.value, item!.context).map(smaller => listOf([smaller]))
  }
}

function listOf<Item>(items: readonly fc.Value<Item>[]): fc.Value<readonly Item[]> {
  return new fc.Value(
    items.map(({ value }) => value),
    items,
  )
}
