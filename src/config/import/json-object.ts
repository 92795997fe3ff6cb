// Objects of other programs' JSON and YAML, field by field: what is not of the kind that is asked for is as if it were not there.

export class ObjectReader {
  constructor(readonly value: unknown) {}

  of(...path: readonly string[]): ObjectReader {
    return path.reduce<ObjectReader>((at, name) => new ObjectReader(at.#field(name)), this);
  }

  #field(name: string): unknown {
    const { value } = this;
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Readonly<Record<string, unknown>>)[name]
      : undefined;
  }

  get text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  /** A whole number that is not negative. */
  get number(): number | undefined {
    return typeof this.value === 'number' && Number.isSafeInteger(this.value) && this.value >= 0 ? this.value : undefined;
  }

  get flag(): boolean | undefined {
    return typeof this.value === 'boolean' ? this.value : undefined;
  }

  get list(): readonly ObjectReader[] {
    return Array.isArray(this.value) ? this.value.map((each) => new ObjectReader(each)) : [];
  }

  get names(): readonly string[] {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value) ? Object.keys(this.value) : [];
  }
}
