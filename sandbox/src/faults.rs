//! Injected faults: the next calls fail as ordered, before or after their effect.

use crate::model::{exchange::Exchange, fault::Fault, state::Txn, tables::RowChange};

impl Fault {
    fn strikes(&self, request: &Exchange) -> bool {
        let query = request.query.as_deref().unwrap_or_default();
        let path = format!("{}{}?{query}", request.service.prefix(), request.path);
        self.service == request.service
            && self.path.as_deref().is_none_or(|part| path.contains(part))
            && self.method.as_deref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
    }
}

/// Adds an order, or withdraws those of its service.
pub(crate) fn order(txn: &mut Txn<'_>, fault: Fault) {
    let mut settings = txn.tables.settings.clone();
    if fault.times == 0 {
        settings.faults.retain(|other| other.service != fault.service);
    } else {
        settings.faults.push(fault);
    }
    txn.put(RowChange::Settings(settings));
}

/// The fault that strikes this request, if one does: the oldest order that fits. It is counted down by one.
pub(crate) fn strike(txn: &mut Txn<'_>, request: &Exchange) -> Option<Fault> {
    let position = txn.tables.settings.faults.iter().position(|fault| fault.strikes(request))?;
    let mut settings = txn.tables.settings.clone();
    let fault = settings.faults[position].clone();
    if fault.times <= 1 {
        settings.faults.remove(position);
    } else {
        settings.faults[position].times -= 1;
    }
    txn.put(RowChange::Settings(settings));
    Some(fault)
}
