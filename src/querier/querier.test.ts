import { suite } from 'uvu'

/** Being written: crash at every step, overload, simulated time. */
suite('ingester').run()
