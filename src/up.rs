//! `paylink up`: everything in one process on embedded defaults: SQLite and files in the data directory, and a private
//! Redis. With `--demo` also the sandbox, a merchant, an order and a key.

use clap::Args as ClapArgs;
use domain::{Vault, random_secret};
use queue::Kind;

use crate::{
    api,
    backup::leftovers,
    clock_witness,
    data_dir::{DataDir, OPERATOR_KEY, SECRET_KEY},
    demo::Demo,
    error::Error,
    listen::bind,
    metrics::Metrics,
    migrate,
    operators::{operators, unnamed_key},
    parts::{Parts, public_url},
    redis_child::RedisChild,
    role::Role,
    scheduler::run_until_told,
    settings::Settings,
    surroundings::Surroundings,
    worker::work_until_told,
};

/// How to start.
#[derive(ClapArgs, Default)]
pub struct Args {
    /// Also start the sandbox, with a connected merchant, 100 credits, an order and a key.
    #[arg(long)]
    pub demo: bool,
    /// Print the addresses and keys as one line of JSON when everything is ready.
    #[arg(long, requires = "demo")]
    pub json: bool,
}

/// Reports that everything is ready.
#[derive(Debug)]
pub struct Ready {
    /// The public URL.
    pub url: String,
    /// The demo, if it was requested.
    pub demo: Option<Demo>,
}

impl Ready {
    /// Tells the person who typed the command.
    pub(crate) fn greet(&self, as_json: bool) {
        match &self.demo {
            Some(demo) if as_json => println!("{}", demo.to_json()),
            Some(demo) => demo.greet(),
            None => tracing::info!(url = self.url, "ready"),
        }
    }
}

/// Runs until it is told to stop; then jobs in flight finish, and Redis is stopped last. Calls `ready` once everything
/// is ready.
///
/// # Errors
/// Returns an error if a dependency cannot be opened or a role fails.
pub async fn run(
    mut settings: Settings,
    args: Args,
    around: &Surroundings,
    ready: impl FnOnce(Ready),
) -> Result<(), Error> {
    if !args.demo {
        public_url(&settings)?;
    }
    let data = DataDir::new(&settings.data_dir)?;
    data.create()?;
    let _lock = data.lock()?;
    leftovers::clear(&data);
    if settings.secret_key.is_none() {
        data.secret_or_make(SECRET_KEY, Vault::generate_key)?;
    }
    if !settings.has_operator() {
        data.secret_or_make(OPERATOR_KEY, || random_secret("op_"))?;
    }
    // Checked before anything is started.
    operators(&settings, unnamed_key(&settings, &data)?.as_ref())?;
    let redis = match &settings.redis_url {
        Some(_) => None,
        None => Some(RedisChild::start(&data).await?),
    };
    settings.redis_url = settings.redis_url.or_else(|| redis.as_ref().map(|redis| redis.url().to_owned()));
    let outcome = Box::pin(run_roles(settings, &data, &args, around, ready)).await;
    if let Some(redis) = redis {
        redis.stop().await;
    }
    outcome
}

async fn run_roles(
    mut settings: Settings,
    data: &DataDir,
    args: &Args,
    around: &Surroundings,
    ready: impl FnOnce(Ready),
) -> Result<(), Error> {
    let stop = &around.stop;
    migrate::run(&settings).await?;
    let (listener, address) = bind(settings.listen).await?;
    let public_url = match &settings.public_url {
        None if args.demo => format!("http://{address}"),
        Some(_) | None => public_url(&settings)?,
    };
    let sandbox = if args.demo { Some(Demo::start_sandbox(data, &mut settings).await?) } else { None };
    let parts = Parts::open(&settings, Role::Up, around.clock.clone()).await?;
    let metrics = Metrics::start(&settings, &parts).await?;
    let work = parts.work(&settings, public_url.clone(), around)?;
    let scheduler = parts.scheduler(&settings, around.clock.is_none().then(|| clock_witness::guard(&settings)))?;
    stop.ends_readiness(&parts.readiness);
    parts.look_at_redis();
    parts.keep_time(stop);

    let front = api::serve(listener, parts.api(&settings, public_url.clone()), metrics, &settings, stop);
    let workers = work_until_told(work, Kind::ALL.to_vec(), settings.concurrency()?, &settings, stop);
    let ticks = async {
        run_until_told(&scheduler, &settings, stop).await;
        Ok(())
    };
    tracing::info!(%address, "listening");
    let greeting = async {
        let demo = match &sandbox {
            Some(sandbox) => Some(Demo::prepare(data, &parts, sandbox, &public_url).await?),
            None => None,
        };
        ready(Ready { url: public_url.clone(), demo });
        Ok(())
    };
    // A role that ends early stops the others in an orderly way.
    let or_stop = async |role: Result<(), Error>| role.inspect_err(|_| stop.now());
    let outcome = tokio::join!(
        async { or_stop(front.await).await },
        async { or_stop(workers.await).await },
        async { or_stop(ticks.await).await },
        async { or_stop(greeting.await).await },
    );
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    outcome.0.and(outcome.1).and(outcome.2).and(outcome.3)
}
